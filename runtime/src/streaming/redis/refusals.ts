import { errorMessage } from '../../telemetry';
import { StreamError } from '../event';

/** Rights that a user lacks; scripts say it in other words, which differ from version to version. */
const NOT_ALLOWED = /\bNOPERM\b|ACL failure in script|user executing the script can't/;

/** Refusals that last until somebody changes something, and what that is. */
const LASTING: readonly (readonly [refusal: RegExp, reason: string])[] = [
  [
    /\b(WRONGPASS|NOAUTH)\b|invalid password|called without any password|invalid username-password/,
    'the server does not accept the user or the password. Correct username or the file of passwordPath',
  ],
  [
    NOT_ALLOWED,
    'the user may not do what the consumer does. Allow it +@stream +evalsha +script|load on the streams that are read and written',
  ],
  [/\bWRONGTYPE\b/, 'there is something under the key that is no stream. Name another stream, or delete the key'],
  [/\b(MOVED|ASK|CROSSSLOT)\b/, 'the server is a node of a cluster, which is not supported. Name a single server'],
  [/DB index|invalid DB/, 'the server has no database of this number. Choose another one'],
  [
    /unknown (sub)?command|[Ww]rong number of arguments|syntax error/,
    'the server does not know a command. Redis 6.2 or newer is needed',
  ],
  [
    /self.signed certificate|unable to (verify|get)|certificate has expired|altnames|wrong version number/i,
    'TLS to the server fails. Correct tls, or the certificate of the server',
  ],
];

/** What a server refuses for a while alone: while it starts, fails over, cannot save, or has no memory left. */
const PASSING = /\b(OOM|READONLY|LOADING|MASTERDOWN|BUSY|MISCONF|TRYAGAIN|NOREPLICAS|CLUSTERDOWN|UNBLOCKED)\b/;

/** Whether the same may succeed in a while. */
export function isPassing(error: unknown): boolean {
  return PASSING.test(messagesOf(error));
}

/** The error for a refusal that lasts; undefined when it may be gone in a while. */
export function lastingRefusal(subject: string, error: unknown): StreamError | undefined {
  const messages = messagesOf(error);
  const found = LASTING.find(([refusal]) => refusal.test(messages));
  return found && StreamError.declaration(`${subject}: ${found[1]}.`, { cause: error });
}

/** Whether the user lacks a right. */
export function isNotAllowed(error: unknown): boolean {
  return NOT_ALLOWED.test(messagesOf(error));
}

/** Whether the server said this word, wherever it is: scripts of older versions put others before it. */
export function saidBy(error: unknown, word: string): boolean {
  return new RegExp(`\\b${word}\\b`).test(messagesOf(error));
}

/** The server's own words are behind those of the client. */
function messagesOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? errorMessage(error) : `${errorMessage(error)} ${messagesOf(cause)}`;
}
