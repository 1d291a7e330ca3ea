import { EXIT_CODES } from '../../contract';

/** What is declared and what is there do not go together; trying again gives the same result. */
export class BatchError extends Error {
  override readonly name = 'BatchError';

  private constructor(
    message: string,
    /** 42 = the input is bad; 43 = the declaration is. */
    readonly exitCode: number,
    private readonly details: readonly string[] = [],
  ) {
    super([message, ...details].join(' '));
  }

  /** The input cannot be scored, with everything that is wrong with it. */
  static input(message: string, details: readonly string[] = []): BatchError {
    return new BatchError(message, EXIT_CODES.badInput, details);
  }

  /** The declaration cannot be followed. */
  static declaration(message: string): BatchError {
    return new BatchError(message, EXIT_CODES.badConfiguration);
  }

  /** The message for people: one problem a line. */
  describe(): string {
    const [first = ''] = this.details.length === 0 ? [this.message] : [this.message.split(this.details[0] ?? '')[0]];
    return [first.trimEnd(), ...this.details.map((detail) => `  - ${detail}`)].join('\n');
  }
}

/** The shard was asked to stop before it was done; what it has committed stays. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}
