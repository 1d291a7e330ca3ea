import { type Datatype, elementCount, type Tensor, type TensorData } from '../model';
import { checkResponseBytes, WIRE_LIMITS, type WireLimits } from './limits';
import { bfloat16Text, float16Text, float32Text, float64Text } from './number-text';

/** Writes the elements `[from, to)` as JSON, separated by commas. */
type ElementsText = (data: TensorData, from: number, to: number) => string;

/** After so many elements the size of the text is checked. */
const CHECKED_ELEMENTS = 16_384;

/** Larger integers are not exact as a JavaScript number. */
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Writers of all datatypes. */
export const ELEMENTS_TEXT: Readonly<Record<Datatype, ElementsText>> = {
  BOOL: each((value) => (value === 0 ? 'false' : 'true')),
  INT8: each(String),
  INT16: each(String),
  INT32: each(String),
  INT64: each(bigIntegerText),
  UINT8: each(String),
  UINT16: each(String),
  UINT32: each(String),
  UINT64: each(bigIntegerText),
  FP16: each((value) => float16Text(Number(value))),
  BF16: each((value) => bfloat16Text(Number(value))),
  FP32: float32Elements,
  FP64: each((value) => float64Text(Number(value))),
  BYTES: each((value) => JSON.stringify(value)),
};

/**
 * Rows of a tensor as one flat JSON list, as V2 answers have them.
 *
 * @throws RequestError 400 when the text is larger than an answer may be
 */
export function flatText(
  { datatype, shape, data }: Tensor,
  firstRow: number,
  rows: number,
  limits: WireLimits = WIRE_LIMITS,
): string {
  const stride = elementCount(shape.slice(1));
  return `[${elementsText(datatype, data, firstRow * stride, (firstRow + rows) * stride, limits)}]`;
}

/** A whole tensor as one flat JSON list. Throws as {@link flatText}. */
export function allText({ datatype, data }: Tensor, limits: WireLimits = WIRE_LIMITS): string {
  return `[${elementsText(datatype, data, 0, data.length, limits)}]`;
}

/**
 * Part of a tensor as nested JSON lists. Throws as {@link flatText}.
 *
 * @param axis first axis that becomes a list; 0 = the whole tensor, 1 = one row
 * @param offset where the part starts
 */
export function nestedText(
  { datatype, shape, data }: Tensor,
  axis: number,
  offset: number,
  limits: WireLimits,
): string {
  const elements = ELEMENTS_TEXT[datatype];
  const last = shape.length - 1;
  let written = 0;
  const write = (level: number, from: number): string => {
    if (level > last) {
      return elements(data, from, from + 1);
    }
    const size = shape[level];
    if (level === last) {
      const list = `[${elementsText(datatype, data, from, from + size, limits)}]`;
      written += list.length;
      checkResponseBytes(written, limits);
      return list;
    }
    const stride = elementCount(shape.slice(level + 1));
    return `[${Array.from({ length: size }, (_, index) => write(level + 1, from + index * stride)).join(',')}]`;
  };
  return write(axis, offset);
}

/** The elements `[from, to)`; a text that gets too large is given up before it has taken the memory. */
function elementsText(datatype: Datatype, data: TensorData, from: number, to: number, limits: WireLimits): string {
  const write = ELEMENTS_TEXT[datatype];
  if (to - from <= CHECKED_ELEMENTS) {
    return write(data, from, to);
  }
  let text = '';
  for (let start = from; start < to; start += CHECKED_ELEMENTS) {
    text += `${start === from ? '' : ','}${write(data, start, Math.min(to, start + CHECKED_ELEMENTS))}`;
    checkResponseBytes(text.length, limits);
  }
  return text;
}

/** A row of class probabilities as an object from label to probability. */
export function labelledText({ datatype, data }: Tensor, keys: readonly string[], offset: number): string {
  const elements = ELEMENTS_TEXT[datatype];
  let text = '{';
  for (let index = 0; index < keys.length; index += 1) {
    text += `${index === 0 ? '' : ','}${keys[index]}:${elements(data, offset + index, offset + index + 1)}`;
  }
  return `${text}}`;
}

function each(text: (value: number | bigint | string) => string): ElementsText {
  return (data, from, to) => {
    if (from >= to) {
      return '';
    }
    let all = text(data[from]);
    for (let index = from + 1; index < to; index += 1) {
      all += `,${text(data[index])}`;
    }
    return all;
  };
}

/** The most frequent datatype has a loop of its own, which the compiler keeps free of checks of types. */
function float32Elements(data: TensorData, from: number, to: number): string {
  if (from >= to) {
    return '';
  }
  const numbers = data as Float32Array;
  let all = float32Text(numbers[from]);
  for (let index = from + 1; index < to; index += 1) {
    all += `,${float32Text(numbers[index])}`;
  }
  return all;
}

function bigIntegerText(value: number | bigint | string): string {
  const integer = value as bigint;
  // Small numbers are written faster than bigints.
  return integer <= SAFE && integer >= -SAFE ? String(Number(integer)) : String(integer);
}
