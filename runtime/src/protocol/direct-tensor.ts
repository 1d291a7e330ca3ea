import { DATATYPES, type Datatype, type TensorData } from '../model';
import { FP32_LIMIT, INTEGER_RANGES } from './element';
import { type NumberList, readNumberList } from './number-list';

/** A list of numbers that was read straight from the body. */
export interface DirectTensor {
  readonly datatype: DirectDatatype;

  /** Length of the lists of each axis, as they are nested in the body. */
  readonly shape: readonly number[];

  readonly data: TensorData;

  /** Position in the body behind the list. */
  readonly end: number;
}

/** Datatypes that are read in this way. */
export type DirectDatatype = 'FP32' | 'FP64' | keyof typeof INTEGER_RANGES;

/** Datatypes whose elements a double holds exactly, and JSON writes as numbers. */
export function isDirect(datatype: Datatype): datatype is DirectDatatype {
  return datatype === 'FP32' || datatype === 'FP64' || datatype in INTEGER_RANGES;
}

/**
 * Reads nested lists of numbers as elements of a datatype.
 *
 * @param start position of the outermost bracket
 * @returns undefined when the general way has to decide: it takes more forms, and says what is wrong
 */
export function readDirectly(bytes: Buffer, start: number, datatype: DirectDatatype): DirectTensor | undefined {
  const list = readNumberList(bytes, start, datatype === 'FP32');
  const data = list && elements(list, datatype);
  return list && data && { datatype, shape: list.shape, data, end: list.end };
}

function elements({ numbers }: NumberList, datatype: DirectDatatype): TensorData | undefined {
  if (datatype === 'FP32' || datatype === 'FP64') {
    return reals(numbers, datatype);
  }
  return integers(numbers, datatype);
}

function reals(numbers: Float64Array, datatype: 'FP32' | 'FP64'): TensorData | undefined {
  const limit = datatype === 'FP32' ? FP32_LIMIT : Number.POSITIVE_INFINITY;
  for (let index = 0; index < numbers.length; index += 1) {
    const number = numbers[index];
    if (!(number < limit && number > -limit) && !Number.isNaN(number)) {
      return undefined;
    }
  }
  return datatype === 'FP32' ? new Float32Array(numbers) : new Float64Array(numbers);
}

function integers(numbers: Float64Array, datatype: keyof typeof INTEGER_RANGES): TensorData | undefined {
  const [minimum, maximum] = INTEGER_RANGES[datatype];
  for (let index = 0; index < numbers.length; index += 1) {
    const number = numbers[index];
    if (!Number.isInteger(number) || number < minimum || number > maximum) {
      return undefined;
    }
  }
  const data = DATATYPES[datatype].allocate(numbers.length) as Int32Array;
  data.set(numbers);
  return data;
}
