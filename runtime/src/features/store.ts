/** What a store has of one entity: the text of each field, null = it has none; or `invalid`: what is there is no hash. */
export type EntityReply = readonly (Buffer | null)[] | 'invalid';

/** Where features are looked up. */
export interface FeatureStore {
  /** Whether it can be asked. */
  readonly connected: boolean;

  /**
   * Reads entities in one round trip.
   *
   * @param keys key of each entity
   * @param replies takes the reply of each key as it comes; keys that have one are not asked for
   * @param isOver true when nobody waits for more
   * @throws StoreError when some keys have no reply
   */
  read(keys: readonly string[], replies: (EntityReply | undefined)[], isOver: () => boolean): Promise<void>;

  /** Resolves when the store can be asked, or the time is over: then with false. */
  whenConnected(withinMillis: number): Promise<boolean>;

  /** A reply did not come in time: when nothing comes for a while, the connection is given up. */
  suspect(): void;

  /** Gives the connection up, for good. */
  close(): void;
}

/** The store did not answer. The message holds neither keys nor values. */
export class StoreError extends Error {
  override readonly name = 'StoreError';

  /** @param transient a new connection may answer: the same may be asked again */
  constructor(
    message: string,
    readonly transient: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
