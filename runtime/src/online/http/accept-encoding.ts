import { RequestError } from '../../protocol';
import type { Coding } from './compression';

/** Smaller answers are sent as they are: compressing them saves nothing. */
export const LEAST_COMPRESSED_BYTES = 1024;

/** How an answer is to be coded. */
export interface AnswerCoding {
  /** Undefined = as it is. */
  readonly coding: Coding | undefined;

  /** The client does not take an answer as it is, however small. */
  readonly always: boolean;
}

/** What a client gets that does not say what it accepts. */
export const AS_IT_IS: AnswerCoding = { coding: undefined, always: false };

/** What a header led to: clients send the same one with every request. */
const known = new Map<string, AnswerCoding | undefined>();
const MOST_KNOWN = 256;

const MEMBER = /^([\w!#$%&'*+.^`|~-]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/**
 * Chooses the coding of an answer by `Accept-Encoding`: the one with the highest weight, compressed before uncompressed
 * and gzip before deflate where weights are equal or not given. Members that are not understood are ignored.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
 * @throws RequestError 406 when the client takes none that can be given
 */
export function codingFor(header: string | string[] | undefined): AnswerCoding {
  if (header === undefined) {
    return AS_IT_IS;
  }
  const text = String(header);
  let chosen = known.get(text);
  if (chosen === undefined && !known.has(text)) {
    chosen = choose(text);
    if (known.size < MOST_KNOWN) {
      known.set(text, chosen);
    }
  }
  if (chosen === undefined) {
    throw new RequestError(
      406,
      'The header Accept-Encoding takes no coding that the server has: gzip, deflate and identity.',
    );
  }
  return chosen;
}

function choose(header: string): AnswerCoding | undefined {
  const weights = weightsOf(header);
  const others = weights.get('*');
  // Without a word on it, an answer as it is can be sent, but is not preferred.
  const plain = weights.get('identity') ?? (others === 0 ? 0 : undefined);
  let coding: Coding | undefined;
  let weight = 0;
  for (const candidate of ['gzip', 'deflate'] as const) {
    const offered = weights.get(candidate) ?? others ?? 0;
    if (offered > weight) {
      coding = candidate;
      weight = offered;
    }
  }
  if (coding === undefined || (plain ?? 0) > weight) {
    return plain === 0 ? undefined : AS_IT_IS;
  }
  return { coding, always: plain === 0 };
}

function weightsOf(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of header.split(',')) {
    const match = MEMBER.exec(member.trim());
    if (match !== null) {
      const name = match[1].toLowerCase();
      weights.set(name === 'x-gzip' ? 'gzip' : name, match[2] === undefined ? 1 : Number(match[2]));
    }
  }
  return weights;
}
