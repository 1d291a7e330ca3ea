import { EXIT_CODES } from '../../contract';
import { errorMessage } from '../../telemetry';

/** A table in Redis cannot be written. The message holds neither keys nor values. */
export class RedisSinkError extends Error {
  override readonly name = 'RedisSinkError';

  /** @param exitCode of the process that ends with it: 1 where a later attempt may succeed, else 42 or 43 */
  constructor(
    message: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What the server refuses for a while alone: while it starts, fails over, or cannot save. */
const PASSING = /\b(READONLY|LOADING|MASTERDOWN|BUSY|MISCONF|TRYAGAIN|NOREPLICAS|CLUSTERDOWN|UNBLOCKED)\b/;

/** What it refuses until somebody changes something, and what that is. */
const LASTING: readonly (readonly [refusal: RegExp, exitCode: number, reason: string])[] = [
  [
    /\bOOM\b/,
    EXIT_CODES.failure,
    'the server has no memory left for the table (maxmemory), and the current run stays. Give it room for two runs, or ' +
      'keep runs for a shorter time',
  ],
  [
    /\b(WRONGPASS|NOAUTH)\b|invalid password|called without any password|invalid username-password/,
    EXIT_CODES.badConfiguration,
    'the server does not accept the user or the password. Correct username or the file of passwordPath',
  ],
  [
    /\bDENIED\b/,
    EXIT_CODES.badConfiguration,
    'the server takes no connections from other machines while it has no password (protected-mode). Give it one, and name ' +
      'the file of passwordPath',
  ],
  [
    /\bNOPERM\b|ACL failure in script|user executing the script can't/,
    EXIT_CODES.badConfiguration,
    'the user may not write the table. Allow it the commands HSET, HSETNX, HGET, HGETALL, HVALS, HKEYS, HLEN, HINCRBY, ' +
      'PEXPIRE, PEXPIREAT, TIME, INFO, EVALSHA and SCRIPT LOAD on the keys that begin with the name of the table',
  ],
  [
    /\b(MOVED|ASK|CROSSSLOT)\b/,
    EXIT_CODES.badConfiguration,
    'the server is a node of a cluster, which is not supported. Name a single server',
  ],
  [/DB index|invalid DB/, EXIT_CODES.badConfiguration, 'the server has no database of this number. Choose another one'],
];

/** Whether the same command may succeed in a while. */
export function isPassing(error: unknown): boolean {
  return PASSING.test(messagesOf(error)) && lastingRefusal('', error) === undefined;
}

/** The error for a refusal that lasts; undefined when it may be gone in a while. */
export function lastingRefusal(address: string, error: unknown): RedisSinkError | undefined {
  const messages = messagesOf(error);
  const found = LASTING.find(([refusal]) => refusal.test(messages));
  return found && new RedisSinkError(`Redis at ${address}: ${found[2]}.`, found[1], { cause: error });
}

/** The server's own words, wherever they are: scripts and older versions put others before them. */
function messagesOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? errorMessage(error) : `${errorMessage(error)} ${errorMessage(cause)}`;
}
