import { EXIT_CODES } from '../contract';

/** One thing that is wrong in a configuration. */
export interface ConfigurationProblem {
  /** Where, for example `models[0].sha256`; empty = the whole file. */
  readonly path: string;

  /** The value that breaks the rule, as JSON and shortened; absent when there is none. */
  readonly value?: string;

  /** What must hold. */
  readonly rule: string;

  /** What to do about it. */
  readonly fix: string;
}

/** The configuration cannot be used. Reading it again gives the same result, so the process ends with code 43. */
export class ConfigurationError extends Error {
  readonly exitCode = EXIT_CODES.badConfiguration;

  /**
   * @param subject what was read, for example a file
   * @param problems everything that is wrong in it, at least one
   */
  constructor(
    readonly subject: string,
    readonly problems: readonly ConfigurationProblem[],
  ) {
    super(`${subject}: ${problems.map(describe).join('; ')}`);
    this.name = 'ConfigurationError';
  }

  /** The problems for people: one a line, under a heading. */
  describe(): string {
    return [`${this.subject}:`, ...this.problems.map((problem) => `  - ${describe(problem)}`)].join('\n');
  }
}

function describe({ path, value, rule, fix }: ConfigurationProblem): string {
  const where = path === '' ? '' : `${path}: `;
  const found = value === undefined ? '' : ` (found ${value})`;
  return `${where}${rule}${found}. ${fix}`;
}
