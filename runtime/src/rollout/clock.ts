/** Where times come from. */
export interface Clock {
  /** Milliseconds that only grow: all that is decided goes by them. */
  readonly monotonic: () => number;

  /** Time of day: for people. */
  readonly date: () => Date;
}

export const SYSTEM_CLOCK: Clock = { monotonic: () => performance.now(), date: () => new Date() };
