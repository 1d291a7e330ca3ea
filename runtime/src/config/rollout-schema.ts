import * as z from 'zod';
import { ROLLOUT_SCHEMA, type RolloutConfig, WHOLE_SHARE } from '../contract';
import { ConfigurationError, type ConfigurationProblem } from './error';
import { parseFile, withContainerPaths, withStandIns } from './load';
import { problemsOf } from './problems';
import { currentSandbox } from './sandbox';
import {
  absolutePath,
  type FieldViolation,
  httpUrl,
  milliseconds,
  name,
  rule,
  sha256,
  text,
  violationsOf,
  wholeNumber,
} from './values';

const MAX_COUNT = 1_000_000_000;
const STEPS = ['shadow', 'weight', 'header', 'pause', 'analysis'] as const;
const GUARDRAILS = ['errorRate', 'errorRateIncrease', 'latency', 'latencyIncrease', 'disagreement'] as const;

const port = wholeNumber(1, 65_535);
const part = z.number().min(0).lt(1);
const probability = z.number().refine((value) => value > 0 && value < 1, {
  message: 'is between 0 and 1, both excluded',
  params: { fix: 'For example 0.01.' },
});
const oneOf = (known: readonly string[]) =>
  rule((value) => known.includes(value), `is one of ${known.join(', ')}`, 'Choose one of them.');

const arm = z
  .strictObject({
    version: name,
    sha256: sha256.optional(),
    url: httpUrl,
    minReady: wholeNumber(1, MAX_COUNT),
    podsHost: text,
    clusters: z.array(text).min(1),
    shadowClusters: z.array(text),
  })
  .readonly();

const stepFields = z
  .strictObject({
    type: oneOf(STEPS),
    share: wholeNumber(0, WHOLE_SHARE).optional(),
    comparison: wholeNumber(0, WHOLE_SHARE).optional(),
    minMillis: milliseconds.optional(),
    minSamples: wholeNumber(0, MAX_COUNT).optional(),
  })
  .readonly();

const step = violationsOf(stepFields, ({ type, share, comparison, minMillis }) => [
  ...given('share', share, type === 'weight' || type === 'shadow', `the type ${type}`),
  ...(comparison !== undefined && type !== 'shadow'
    ? [{ path: 'comparison', rule: 'is given for the type shadow alone', fix: 'Remove it.' }]
    : []),
  ...(type === 'weight' && share === WHOLE_SHARE
    ? [
        {
          path: 'share',
          rule: `is below ${WHOLE_SHARE}: nothing could be compared any more`,
          fix: 'Remove the step; promotion follows the last one.',
        },
      ]
    : []),
  ...(type === 'analysis' && minMillis === undefined
    ? [{ path: 'minMillis', rule: 'is given for the type analysis', fix: 'Say how long it lasts.' }]
    : []),
]);

const RULES: Readonly<Record<string, readonly string[]>> = {
  errorRate: ['max'],
  errorRateIncrease: ['margin'],
  latency: ['max', 'budgetMillis'],
  latencyIncrease: ['margin', 'budgetMillis'],
  disagreement: ['max'],
};

const guardrailFields = z
  .strictObject({
    name: text,
    type: oneOf(GUARDRAILS),
    max: part.optional(),
    margin: part.optional(),
    budgetMillis: z.number().gt(0).optional(),
    tolerance: z.number().min(0).optional(),
    alpha: probability,
    minSamples: wholeNumber(0, MAX_COUNT),
  })
  .readonly();

const guardrail = violationsOf(guardrailFields, (value) => [
  ...(['max', 'margin', 'budgetMillis'] as const).flatMap((key) =>
    given(key, value[key], (RULES[value.type] ?? []).includes(key), `the type ${value.type}`),
  ),
  ...(value.tolerance !== undefined && value.type !== 'disagreement'
    ? [{ path: 'tolerance', rule: 'is given for the type disagreement alone', fix: 'Remove it.' }]
    : []),
]);

const metricsFields = z
  .strictObject({ type: oneOf(['direct', 'prometheus']), url: httpUrl.optional(), timeoutMillis: milliseconds })
  .readonly();

const metrics = violationsOf(metricsFields, ({ type, url }) =>
  given('url', url, type === 'prometheus', `the type ${type}`),
);

const rolloutFields = z
  .strictObject({
    schema: rule(
      (schema) => schema === ROLLOUT_SCHEMA,
      `is '${ROLLOUT_SCHEMA}'`,
      'Use the runtime image that belongs to the version of the library that wrote this file.',
    ),
    name: text,
    model: name,
    stable: arm,
    candidate: arm,
    gateway: z.strictObject({ podsHost: text, agentPort: port, metricsPort: port }).readonly(),
    metrics,
    steps: z.array(step).min(1),
    guardrails: z.array(guardrail).min(1),
    missingData: z.strictObject({ holdMillis: milliseconds, action: oneOf(['pause', 'abort']) }).readonly(),
    intervalMillis: milliseconds,
    maxStepMillis: milliseconds,
    readyTimeoutMillis: milliseconds,
    sticky: z.boolean().optional(),
    notifications: z.array(z.strictObject({ url: httpUrl, authorizationPath: absolutePath.optional() }).readonly()),
    statusPage: z.boolean(),
  })
  .readonly();

/** Read again, loosely, so that these are found together with whatever else is wrong. */
const loosely = z.object({
  stable: z.object({ version: z.unknown() }).catch({ version: 0 }),
  candidate: z.object({ version: z.unknown() }).catch({ version: 1 }),
  steps: z
    .array(z.object({ comparison: z.unknown().optional(), share: z.unknown().optional(), type: z.unknown() }))
    .catch([]),
  guardrails: z.array(z.object({ name: z.unknown(), type: z.unknown() })).catch([]),
});

/**
 * Reads and checks the configuration file of a rollout.
 *
 * @param file path of the file inside the container
 * @returns the configuration, with the paths and servers of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function loadRolloutConfig(file: string): RolloutConfig {
  const config = readRolloutConfig(parseFile(file), `configuration ${file}`);
  const sandbox = currentSandbox();
  return sandbox === undefined ? config : withStandIns(withContainerPaths(config), sandbox);
}

/**
 * Checks a configuration of a rollout that is already parsed.
 *
 * @throws ConfigurationError with everything that is wrong at once
 */
export function readRolloutConfig(input: unknown, subject: string): RolloutConfig {
  const parsed = rolloutFields.safeParse(input);
  const problems = [...(parsed.success ? [] : problemsOf(parsed.error.issues, input)), ...clashes(input)];
  if (!parsed.success || problems.length > 0) {
    throw new ConfigurationError(subject, problems);
  }
  return parsed.data;
}

/** Rules that tie several values together. */
function clashes(input: unknown): ConfigurationProblem[] {
  const { data } = loosely.safeParse(input);
  if (data === undefined) {
    return [];
  }
  const { stable, candidate, steps, guardrails } = data;
  const names = guardrails.map((one) => one.name);
  const isCompared = steps.some(({ comparison }) => typeof comparison === 'number' && comparison > 0);
  const isMeasured = steps.some(
    ({ type, share }) => (type === 'weight' || type === 'shadow') && typeof share === 'number' && share > 0,
  );
  return [
    ...(stable.version === candidate.version
      ? [{ path: 'candidate.version', rule: 'is another version than the stable one', fix: 'Name another version.' }]
      : []),
    ...names.flatMap((one, index) =>
      names.indexOf(one) < index
        ? [{ path: `guardrails[${index}].name`, rule: 'is unique', fix: 'Give every guardrail another name.' }]
        : [],
    ),
    ...guardrails.flatMap(({ type }, index) =>
      type === 'disagreement' && !isCompared
        ? [
            {
              path: `guardrails[${index}]`,
              rule: 'has a shadow step whose answers are compared',
              fix: 'Give a shadow step a comparison, or remove the guardrail.',
            },
          ]
        : [],
    ),
    ...(guardrails.some(({ type }) => type !== 'disagreement') && !isMeasured
      ? [
          {
            path: 'steps',
            rule: 'have one that gives the candidate requests: a weight or a shadow above 0',
            fix: 'Add one, else no guardrail is ever judged.',
          },
        ]
      : []),
  ];
}

/** A key that must be there exactly when it has a meaning. */
function given(path: string, value: unknown, isNeeded: boolean, where: string): FieldViolation[] {
  if ((value !== undefined) === isNeeded) {
    return [];
  }
  return [
    isNeeded
      ? { path, rule: `is given for ${where}`, fix: 'Write it, or change the type.' }
      : { path, rule: `is absent for ${where}`, fix: 'Remove it, or change the type.' },
  ];
}
