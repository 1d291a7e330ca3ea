import type { Duplex } from 'node:stream';

/** Number of requests of a connection that were received and are not answered, kept on the connection itself. */
const UNANSWERED = Symbol('unanswered requests');

interface Counted extends Duplex {
  [UNANSWERED]?: number;
}

/** Notes that a request was received completely (1) or answered (-1). */
export function countUnanswered(connection: Duplex, change: 1 | -1): void {
  const counted: Counted = connection;
  counted[UNANSWERED] = (counted[UNANSWERED] ?? 0) + change;
}

/** Whether answers are due on a connection: text written now would be taken for one of them. */
export function owesAnswers(connection: Duplex): boolean {
  const counted: Counted = connection;
  return (counted[UNANSWERED] ?? 0) > 0;
}
