/** An answer of one version. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;

  /** Bytes of JSON before those of the tensors, in a binary answer of V2. */
  readonly headerLength?: number;
  readonly body: Buffer;
  readonly millis: number;
}

/** What two answers say of each other. `failed` = one of them is no prediction; `skipped` = that cannot be told. */
export type Likeness = 'agreement' | 'disagreement' | 'failed' | 'skipped';

const OK = 200;

/**
 * Whether two versions predict the same: the same outputs of the same shapes, labels equal, numbers within the tolerance. What
 * names the version or the request is not looked at.
 *
 * Tensors of binary answers are read, and compared as those of JSON are. A request that neither can answer, because it is wrong, is
 * skipped, and so is an answer that cannot be read.
 */
export function compareAnswers(stable: Answer, candidate: Answer, tolerance: number): Likeness {
  if (stable.status !== OK || candidate.status !== OK) {
    return isClientFault(stable) && isClientFault(candidate) ? 'skipped' : 'failed';
  }
  const [one, other] = [stable, candidate].map(readAnswer);
  if (one === undefined || other === undefined) {
    return 'skipped';
  }
  return isAlike(one, other, tolerance) ? 'agreement' : 'disagreement';
}

/** The first number that a version predicted; undefined when there is none. */
export function scoreOf(answer: Answer): number | undefined {
  return firstNumber(readAnswer(answer));
}

/** The predictions of an answer, `predictions` of V1 or `outputs` of V2; undefined when it has none that can be read. */
function readAnswer({ contentType, headerLength, body }: Answer): unknown {
  const isBinary = headerLength !== undefined;
  if (!isBinary && !/json/i.test(contentType)) {
    return undefined;
  }
  try {
    const { predictions, outputs } = JSON.parse(body.subarray(0, headerLength).toString()) as Record<string, unknown>;
    return isBinary ? readBinary(outputs, body.subarray(headerLength)) : (predictions ?? outputs);
  } catch {
    return undefined;
  }
}

function isClientFault({ status }: Answer): boolean {
  return status >= 400 && status < 500 && status !== 429;
}

function isAlike(a: unknown, b: unknown, tolerance: number): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    return a === b || Math.abs(a - b) <= tolerance;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, index) => isAlike(each, b[index], tolerance));
  }
  if (
    typeof a === 'object' &&
    typeof b === 'object' &&
    a !== null &&
    b !== null &&
    Array.isArray(a) === Array.isArray(b)
  ) {
    const [one, other] = [a, b] as Record<string, unknown>[];
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].every((key) => isAlike(one[key], other[key], tolerance));
  }
  return a === b;
}

function firstNumber(value: unknown): number | undefined {
  if (typeof value === 'number') {
    return value;
  }
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  // Of a tensor of V2, the data: its shape is no prediction.
  const parts = Array.isArray(value) ? value : 'data' in value ? [value.data] : Object.values(value);
  for (const part of parts) {
    const found = firstNumber(part);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** Loaded with the first answer that needs it: it brings the inference engine. */
function readBinary(outputs: unknown, bytes: Uint8Array): unknown[] | undefined {
  const { withBinaryData } = require('./binary-outputs') as typeof import('./binary-outputs');
  return withBinaryData(outputs, bytes);
}
