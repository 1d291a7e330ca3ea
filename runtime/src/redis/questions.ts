/** What a server said to one command; `invalid` = what it has under the key is of another type. */
export type RedisReply<T> = T | 'invalid';

/** A command with its arguments: texts, or bytes as they are. */
export type RedisCommand = readonly (string | Buffer)[];

/** Commands that are sent together, and their replies as they come. */
export interface Questions<T = unknown> {
  /** Each with its arguments. */
  readonly commands: readonly RedisCommand[];

  /** The reply of each command; undefined = none yet. Commands that have one are not sent again. */
  readonly replies: (RedisReply<T> | undefined)[];

  /**
   * Whether texts are given as their bytes.
   *
   * @default false
   */
  readonly asBytes?: boolean;

  /** Nobody waits for replies any more. */
  over: boolean;
}
