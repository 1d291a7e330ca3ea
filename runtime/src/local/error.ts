import { EXIT_CODES } from '../contract';

/** Manifests that cannot be read, or that cannot be run here as they are. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly exitCode = EXIT_CODES.badConfiguration;

  /** @param problems what is wrong, each a sentence with its fix; at least one */
  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }

  /** The problems for people: one a line. */
  describe(): string {
    return ['The manifests cannot be run here:', ...this.problems.map((problem) => `  - ${problem}`)].join('\n');
  }
}
