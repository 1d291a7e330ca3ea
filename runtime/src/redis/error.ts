/** A Redis server did not answer, or refused. The message holds neither keys nor values. */
export class RedisError extends Error {
  override readonly name = 'RedisError';

  /**
   * @param transient a new connection may answer: the same may be asked again
   * @param code first word of the server's refusal, for example `OOM`; undefined = it did not answer
   */
  constructor(
    message: string,
    readonly transient: boolean,
    readonly code?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
