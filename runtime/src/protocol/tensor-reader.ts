import { DATATYPES, elementCount, type Tensor, type TensorData, type TensorSpec } from '../model';
import { badRequest, counted, kindOf } from '../request-error';
import { ELEMENT_READERS, type ElementReader } from './element';

/** Where a value stands in the body, for messages: the start of the path, and the indices below it. */
export interface Place {
  readonly input: string;

  /** Path of the list, for example `instances` or `inputs[0].data`. */
  readonly path: string;

  /** Rest of the path after the first index, for example `.age` in `instances[3].age`. */
  readonly suffix?: string;
}

/**
 * Reads nested lists into a tensor: the lists' lengths are its shape.
 *
 * @param value the lists
 * @param spec the input that they are for
 * @param shape shape of the tensor; every list has to have its length
 * @param maxElements more elements than that cannot be in the body
 */
export function readNested(
  value: unknown,
  spec: TensorSpec,
  shape: readonly number[],
  place: Place,
  maxElements: number,
): Tensor {
  const data = allocate(spec, shape, place, maxElements);
  const walk: Walk = { reader: ELEMENT_READERS[spec.datatype], data, shape, place, indices: [] };
  readAxis(walk, value, 0, 0);
  return { datatype: spec.datatype, shape, data };
}

/** Reads one list of elements, in row-major order, into a tensor. */
export function readFlat(values: readonly unknown[], spec: TensorSpec, shape: readonly number[], place: Place): Tensor {
  const count = elementCount(shape);
  if (values.length !== count) {
    throw badRequest(
      `Input '${place.input}': ${place.path} has ${counted(values.length, 'element')}, but the shape [${shape}] needs ${count}.`,
    );
  }
  const data = DATATYPES[spec.datatype].allocate(count);
  const reader = ELEMENT_READERS[spec.datatype];
  const wrong = reader.read(values, data, 0);
  if (wrong >= 0) {
    throw wrongElement(reader, values[wrong], place, [wrong]);
  }
  return { datatype: spec.datatype, shape, data };
}

/** Lengths of nested lists along their first elements, at most `depth` of them. */
export function nestedLengths(value: unknown, depth: number): number[] {
  const lengths: number[] = [];
  for (let inner = value; Array.isArray(inner) && lengths.length < depth; inner = inner[0]) {
    lengths.push(inner.length);
  }
  return lengths;
}

/** The path of a value, for example `instances[3].age[0]`. */
function pathOf({ path, suffix = '' }: Place, indices: readonly number[]): string {
  const [first, ...rest] = indices;
  return first === undefined ? path : `${path}[${first}]${suffix}${rest.map((index) => `[${index}]`).join('')}`;
}

function allocate(spec: TensorSpec, shape: readonly number[], place: Place, maxElements: number): TensorData {
  const count = elementCount(shape);
  // Before memory is taken: the shape comes from outside.
  if (count > maxElements) {
    throw badRequest(`Input '${place.input}': ${place.path} has fewer elements than the shape [${shape}] needs.`);
  }
  return DATATYPES[spec.datatype].allocate(count);
}

interface Walk {
  readonly reader: ElementReader;
  readonly data: TensorData;
  readonly shape: readonly number[];
  readonly place: Place;

  /** Index on each axis above the current one. */
  readonly indices: number[];
}

/** Reads one list of the given axis; returns where the next one goes. */
function readAxis(walk: Walk, value: unknown, axis: number, offset: number): number {
  const { shape, place, indices, reader, data } = walk;
  if (!Array.isArray(value) || value.length !== shape[axis]) {
    throw badRequest(
      `Input '${place.input}': ${pathOf(place, indices.slice(0, axis))} must be a list of ` +
        `${counted(shape[axis], axis === shape.length - 1 ? 'element' : 'list')}; found ${kindOf(value)}.`,
    );
  }
  if (axis === shape.length - 1) {
    const wrong = reader.read(value, data, offset);
    if (wrong >= 0) {
      throw wrongElement(reader, value[wrong], place, [...indices.slice(0, axis), wrong]);
    }
    return offset + value.length;
  }
  let next = offset;
  for (let index = 0; index < value.length; index += 1) {
    indices[axis] = index;
    next = readAxis(walk, value[index], axis + 1, next);
  }
  return next;
}

function wrongElement({ rule, describe }: ElementReader, value: unknown, place: Place, indices: readonly number[]) {
  return badRequest(`Input '${place.input}': ${pathOf(place, indices)} must be ${rule}; found ${describe(value)}.`);
}
