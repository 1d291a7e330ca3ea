import { badRequest } from '../request-error';

/** Bounds of what is read from a request and written for it. */
export interface WireLimits {
  /** Deepest nesting of lists and objects in a body. */
  readonly jsonDepth: number;

  /** Most elements of all inputs of a request together. */
  readonly elements: number;

  /** Largest answer, in bytes, before it is compressed. */
  readonly responseBytes: number;
}

/** What holds where the configuration says nothing. Data of 12 dimensions needs a depth of 16. */
export const WIRE_LIMITS: WireLimits = {
  jsonDepth: 16,
  elements: Number.POSITIVE_INFINITY,
  responseBytes: 64 * 1024 * 1024,
};

/**
 * Checks the number of elements of a request.
 *
 * @throws RequestError 400
 */
export function checkElements(
  inputs: readonly { readonly data: { readonly length: number } }[],
  { elements }: WireLimits,
): void {
  let count = 0;
  for (const { data } of inputs) {
    count += data.length;
  }
  if (count > elements) {
    throw badRequest(
      `The inputs have ${count} elements together, but the limit is ${elements} (server.limits.maxElements); ` +
        'send fewer rows in a request.',
    );
  }
}

/**
 * Checks the size of an answer.
 *
 * @param bytes of the answer, or of the part of it that is written
 * @throws RequestError 400: the request asks for too much
 */
export function checkResponseBytes(bytes: number, { responseBytes }: WireLimits): void {
  if (bytes > responseBytes) {
    throw badRequest(
      `The answer is larger than the limit of ${responseBytes} bytes (server.limits.maxResponseBytes); ` +
        'send fewer rows in a request, or ask for fewer outputs.',
    );
  }
}

/** Checks the size of an answer that is text, whose characters may have several bytes. */
export function checkResponseText(text: string, limits: WireLimits): void {
  // No character has more than three bytes for one unit of UTF-16.
  if (text.length * 3 > limits.responseBytes) {
    checkResponseBytes(Buffer.byteLength(text), limits);
  }
}
