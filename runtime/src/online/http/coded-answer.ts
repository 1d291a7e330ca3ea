import type { ServerResponse } from 'node:http';
import type { AnswerBody } from '../../protocol';
import { type AnswerCoding, LEAST_COMPRESSED_BYTES } from './accept-encoding';
import { compress } from './compression';
import { addVary } from './vary';

/**
 * Compresses an answer as the client asks for, when that is worth it.
 *
 * @returns undefined when the answer stays as it is
 */
export function codeAnswer(
  answer: AnswerBody,
  { coding, always }: AnswerCoding,
  response: ServerResponse,
): Promise<AnswerBody> | undefined {
  const body = typeof answer === 'string' ? answer : answer.body;
  if (coding === undefined || (body.length <= LEAST_COMPRESSED_BYTES && !always)) {
    return undefined;
  }
  addVary(response, 'Accept-Encoding');
  const headers = typeof answer === 'string' ? { 'Content-Type': 'application/json' } : answer.headers;
  return compress(body, coding).then((compressed) => ({
    headers: { ...headers, 'Content-Encoding': coding },
    body: compressed,
  }));
}
