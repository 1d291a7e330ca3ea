import { DYNAMIC, type Signature, type Tensor } from '../model';
import { isDirect, readDirectly } from './direct-tensor';
import { skipSpace } from './number-list';

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COLON = 0x3a;

const KEYS = ['"instances"', '"inputs"'].map((key) => Buffer.from(key));

/**
 * Reads the plainest V1 body, `{"instances": […]}` or `{"inputs": […]}` with nothing but numbers for a model with one
 * input, straight from its bytes.
 *
 * @param maxDepth deepest nesting of lists and objects
 * @returns undefined for every other body, right or wrong: the general way reads it
 */
export function readV1Directly(body: Buffer, { inputs }: Signature, maxDepth: number): Tensor | undefined {
  const [spec] = inputs;
  if (inputs.length !== 1 || !isDirect(spec.datatype) || spec.shape.length >= maxDepth) {
    return undefined;
  }
  const start = startOfList(body);
  const list = start === undefined ? undefined : readDirectly(body, start, spec.datatype);
  if (list === undefined || list.shape.length !== spec.shape.length) {
    return undefined;
  }
  for (let axis = 1; axis < list.shape.length; axis += 1) {
    if (spec.shape[axis] !== DYNAMIC && spec.shape[axis] !== list.shape[axis]) {
      return undefined;
    }
  }
  const close = skipSpace(body, list.end);
  const isWhole = body[close] === CLOSE_OBJECT && skipSpace(body, close + 1) === body.length;
  return isWhole ? { datatype: spec.datatype, shape: list.shape, data: list.data } : undefined;
}

function startOfList(body: Buffer): number | undefined {
  let at = skipSpace(body, 0);
  if (body[at] !== OPEN_OBJECT) {
    return undefined;
  }
  at = skipSpace(body, at + 1);
  for (const key of KEYS) {
    if (startsWith(body, key, at)) {
      at = skipSpace(body, at + key.length);
      return body[at] === COLON ? skipSpace(body, at + 1) : undefined;
    }
  }
  return undefined;
}

function startsWith(body: Buffer, key: Buffer, at: number): boolean {
  for (let index = 0; index < key.length; index += 1) {
    if (body[at + index] !== key[index]) {
      return false;
    }
  }
  return true;
}
