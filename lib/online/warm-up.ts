import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { WarmUpConfig } from '../contract';
import { isObject, type Json, quote, RULES, type Violation, violation } from '../kubernetes';

const DEFAULT_RUNS = 3;
const MAX_RUNS = 1000;

/** Options of {@link WarmUp.zeros} and {@link WarmUp.samples}. */
export interface WarmUpOptions {
  /**
   * How often the model runs.
   *
   * @default 3
   */
  readonly runs?: number;
}

/**
 * What the predictor computes before it reports ready, so that the first request is as fast as the others.
 */
export class WarmUp {
  /**
   * Real requests: the body of a V1 request, as JSON in a file. They take the paths that traffic will take, so they warm
   * up best. The file is read at synth, compared with the inputs of the model where those are known, and travels in
   * the configuration.
   *
   * @param path path of the file; a relative one starts at the directory that the program runs in
   * @param options how often
   */
  public static samples(path: string, options: WarmUpOptions = {}): WarmUp {
    const found: Violation[] = [];
    const request = readRequest(path, found);
    return new WarmUp(options.runs ?? DEFAULT_RUNS, request, path, found);
  }

  /**
   * One row of zeros, or of empty texts.
   *
   * @param options how often
   */
  public static zeros(options: WarmUpOptions = {}): WarmUp {
    return new WarmUp(options.runs ?? DEFAULT_RUNS);
  }

  /** No warm-up: ready as soon as the model is loaded. For models that cannot take zeros and have no samples. */
  public static none(): WarmUp {
    return new WarmUp(0, undefined, undefined, undefined, 0);
  }

  /** @internal */
  public readonly _runs: number;

  /** @internal */
  public readonly _request: Json | undefined;

  /** @internal */
  public readonly _file: string | undefined;

  /** @internal */
  public readonly _violations: Violation[];

  private constructor(
    runs: number,
    request?: Json,
    file?: string,
    violations: Violation[] = [],
    leastRuns: number = 1,
  ) {
    this._runs = runs;
    this._request = request;
    this._file = file;
    this._violations = [...violations, ...checkRuns(runs, leastRuns)];
  }
}

/** A warm-up as the runtime reads it. */
export function renderWarmUp({ _runs: runs, _request: request }: WarmUp): WarmUpConfig {
  return request === undefined ? { runs } : { runs, request };
}

function checkRuns(runs: number, least: number): Violation[] {
  return Number.isInteger(runs) && runs >= least && runs <= MAX_RUNS
    ? []
    : [violation(RULES.warmUpRuns, `warmUp has ${quote(runs)} runs.`, 'Write a number such as 3, or WarmUp.none().')];
}

function readRequest(path: string, found: Violation[]): Json | undefined {
  const problem = (what: string) =>
    violation(
      RULES.warmUpFile,
      `The warm-up file ${quote(path)} ${what} (looked at ${resolve(path)}).`,
      'Write the body of a V1 request, as in {"instances": [[5.1, 3.5, 1.4, 0.2]]}; give an absolute path, or one from the directory that the program runs in.',
    );
  let request: unknown;
  try {
    request = JSON.parse(readFileSync(resolve(path), 'utf8'));
  } catch (error) {
    found.push(problem(`cannot be read: ${error instanceof Error ? error.message : String(error)}`));
    return undefined;
  }
  if (!isObject(request) || (!Array.isArray(request.instances) && request.inputs === undefined)) {
    found.push(problem('is no V1 request'));
    return undefined;
  }
  return request;
}
