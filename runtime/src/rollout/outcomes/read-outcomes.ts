import type { OutcomeMetricConfig } from '../../contract';
import { badRequest, shown } from '../../request-error';

/** What came of one or more answers of a version. */
export interface Outcome {
  readonly metric: OutcomeMetricConfig;

  /** Version of the model, as the header `x-model-version` of its answers says. */
  readonly version: string;
  readonly value: number;

  /** What a ratio divides by; 1 of a mean. */
  readonly denominator: number;
}

/** Larger values, squared and added up, would lose what smaller ones say. */
const LARGEST = 1e12;

const FIELDS: readonly string[] = ['metric', 'version', 'value', 'denominator'];

/**
 * Reads the body of a report: one outcome as a JSON object, or an array of them.
 *
 * @param metrics the declared metrics, by their names
 * @throws RequestError 400 with the first thing that is wrong
 */
export function readOutcomes(body: Buffer, metrics: ReadonlyMap<string, OutcomeMetricConfig>): Outcome[] {
  const value = parse(body);
  return Array.isArray(value)
    ? value.map((one, index) => readOutcome(one, `[${index}]`, metrics))
    : [readOutcome(value, 'The outcome', metrics)];
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw badRequest('The body is not JSON. Send {"metric": …, "version": …, "value": …}, or a list of such objects.');
  }
}

function readOutcome(value: unknown, at: string, metrics: ReadonlyMap<string, OutcomeMetricConfig>): Outcome {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(`${at} must be an object with metric, version and value; found ${shown(value)}.`);
  }
  const { metric: name, version, value: number, denominator } = value as Record<string, unknown>;
  const unknown = Object.keys(value).find((key) => !FIELDS.includes(key));
  if (unknown !== undefined) {
    throw badRequest(`${at} has the field ${shown(unknown)}. Known are ${FIELDS.join(', ')}.`);
  }
  const metric = typeof name === 'string' ? metrics.get(name) : undefined;
  if (metric === undefined) {
    const known = [...metrics.keys()].map((each) => `'${each}'`).join(', ');
    throw badRequest(`${at} has the metric ${shown(name)}. This rollout knows ${known}.`);
  }
  if (typeof version !== 'string') {
    throw badRequest(`${at}: version must be the version of the model, as a text; found ${shown(version)}.`);
  }
  return {
    metric,
    version,
    value: numberOf(number, `${at}: value`, -LARGEST),
    denominator: denominatorOf(metric, denominator, at),
  };
}

function denominatorOf({ name, ratio }: OutcomeMetricConfig, value: unknown, at: string): number {
  if (ratio === true) {
    return numberOf(value, `${at}: denominator`, 0);
  }
  if (value !== undefined) {
    throw badRequest(`${at} has a denominator, and '${name}' is a mean. Leave it out, or declare a ratio.`);
  }
  return 1;
}

function numberOf(value: unknown, what: string, least: number): number {
  if (typeof value !== 'number' || !(value >= least && value <= LARGEST)) {
    const found = typeof value === 'number' ? 'another one' : value === undefined ? 'nothing' : `a ${typeof value}`;
    throw badRequest(`${what} must be a number from ${least} to ${LARGEST}; found ${found}.`);
  }
  return value;
}
