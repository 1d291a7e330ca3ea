import type { ServerResponse } from 'node:http';

/** Says that an answer depends on a header of the request, besides those that were said before. */
export function addVary(response: ServerResponse, header: string): void {
  const before = response.getHeader('Vary');
  response.setHeader('Vary', before === undefined ? header : `${before}, ${header}`);
}
