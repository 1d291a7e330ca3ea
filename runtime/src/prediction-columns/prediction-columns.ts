import type { PredictionColumnConfig } from '../contract';
import {
  DATATYPES,
  type Datatype,
  DYNAMIC,
  elementCount,
  type Signature,
  type Tensor,
  type TensorData,
} from '../model';

/** A column of predictions. */
export interface PredictionColumn {
  readonly name: string;

  /** Type of its elements in SQL. */
  readonly type: string;

  /** Whether a row is a list of elements; else it is one. */
  readonly isList: boolean;

  /** Elements of a row, where the model's signature tells. */
  readonly width: number | undefined;

  /** Some rows of the column, out of the outputs of a run. */
  readonly take: (outputs: readonly Tensor[], from: number, rows: number) => Elements;
}

/** Rows of a column, one after the other. */
export interface Elements {
  /** As DuckDB has them in memory; texts as strings. */
  readonly data: TensorData;

  /** Elements of a row. */
  readonly width: number;
}

const REALS: readonly Datatype[] = ['FP16', 'BF16', 'FP32', 'FP64'];

const SQL_TYPES: Readonly<Record<Datatype, string>> = {
  BOOL: 'BOOLEAN',
  INT8: 'TINYINT',
  INT16: 'SMALLINT',
  INT32: 'INTEGER',
  INT64: 'BIGINT',
  UINT8: 'UTINYINT',
  UINT16: 'USMALLINT',
  UINT32: 'UINTEGER',
  UINT64: 'UBIGINT',
  FP16: 'FLOAT',
  BF16: 'FLOAT',
  FP32: 'FLOAT',
  FP64: 'DOUBLE',
  BYTES: 'VARCHAR',
};

/** Columns of predictions when none are declared: one for each output, under its name. */
export function defaultPredictions({ outputs }: Signature): PredictionColumnConfig[] {
  return outputs.map(({ name }) => ({ name, output: name, kind: 'value' }));
}

/** Columns of predictions; every problem is added to `problems`. */
export function predictionColumns(
  { outputs }: Signature,
  predictions: readonly PredictionColumnConfig[],
  problems: string[],
): PredictionColumn[] {
  return predictions.flatMap((prediction): PredictionColumn[] => {
    const { name, output, kind, element, k } = prediction;
    const index = outputs.findIndex((spec) => spec.name === output);
    if (index < 0) {
      const names = outputs.map((spec) => `'${spec.name}'`).join(', ');
      problems.push(`the column '${name}' is of the output '${output}', which the model lacks; it has ${names}.`);
      return [];
    }
    const { datatype, shape, classLabels } = outputs[index];
    const tail = shape.slice(1);
    const known = tail.includes(DYNAMIC) ? undefined : elementCount(tail);
    const sqlType = SQL_TYPES[datatype];
    switch (kind) {
      case 'value': {
        // A row of one element is a number or text; a size that is open may be any.
        const isList = known !== 1;
        return [
          {
            name,
            type: sqlType,
            isList,
            width: known,
            take: (tensors, from, rows) => rowsOfTensor(tensors[index], from, rows),
          },
        ];
      }
      case 'element': {
        const at = element ?? -1;
        if (at < 0 || (known !== undefined && at >= known)) {
          problems.push(
            `the column '${name}' is element ${element} of the output '${output}', which has ${known} a row.`,
          );
          return [];
        }
        return [
          {
            name,
            type: sqlType,
            isList: false,
            width: 1,
            take: (tensors, from, rows) => elementOfRows(tensors[index], from, rows, at),
          },
        ];
      }
      case 'top-k': {
        const classes = prediction.classes ?? classLabels;
        const problem = topProblem(datatype, k, known, prediction.classes);
        if (problem !== undefined) {
          problems.push(`the column '${name}' is the top ${k} of the output '${output}', ${problem}`);
          return [];
        }
        return [
          {
            name,
            type: classes === undefined ? 'INTEGER' : 'VARCHAR',
            isList: true,
            width: k,
            take: (tensors, from, rows) => largestOfRows(tensors[index], from, rows, k ?? 1, classes),
          },
        ];
      }
      default:
        problems.push(`the column '${name}' has the kind '${kind}'; it must be value, element or top-k.`);
        return [];
    }
  });
}

function topProblem(
  datatype: Datatype,
  k: number | undefined,
  known: number | undefined,
  classes: readonly string[] | undefined,
): string | undefined {
  if (datatype === 'BYTES' || datatype === 'BOOL') {
    return `whose elements are ${datatype} and have no order.`;
  }
  if (k === undefined || !Number.isInteger(k) || k < 1 || (known !== undefined && k > known)) {
    return `which has ${known ?? 'an open number of'} elements a row; k must be from 1 to that.`;
  }
  return classes !== undefined && known !== undefined && classes.length !== known
    ? `which has ${known} elements a row, but there are ${classes.length} classes.`
    : undefined;
}

function rowsOfTensor({ data, shape, datatype }: Tensor, from: number, rows: number): Elements {
  const width = elementCount(shape.slice(1));
  return { data: inMemory(part(data, from * width, (from + rows) * width), datatype), width };
}

function elementOfRows({ data, shape, datatype }: Tensor, from: number, rows: number, element: number): Elements {
  const width = elementCount(shape.slice(1));
  const taken = DATATYPES[datatype].allocate(rows);
  for (let row = 0; row < rows; row += 1) {
    taken[row] = data[(from + row) * width + element];
  }
  return { data: inMemory(taken, datatype), width: 1 };
}

/** Positions, or classes, of the largest elements of each row; of equal ones the first. NaN is smaller than every number. */
function largestOfRows(
  tensor: Tensor,
  from: number,
  rows: number,
  k: number,
  classes: readonly string[] | undefined,
): Elements {
  const { data, width } = rowsOfTensor(tensor, from, rows);
  const length = Math.min(k, width);
  const positions = new Int32Array(rows * length);
  for (let row = 0; row < rows; row += 1) {
    for (let rank = 0; rank < length; rank += 1) {
      const taken = positions.subarray(row * length, row * length + rank);
      positions[row * length + rank] = largest(data, row * width, width, taken);
    }
  }
  const named = () => Array.from(positions, (position) => classes?.[position] ?? String(position));
  return { data: classes === undefined ? positions : named(), width: length };
}

/** Elements as DuckDB has them: it lacks the small floating point numbers. */
function inMemory(data: TensorData, datatype: Datatype): TensorData {
  return REALS.includes(datatype) && data instanceof Uint16Array ? floatsOf(data, datatype) : data;
}

function largest(data: TensorData, start: number, width: number, taken: Int32Array): number {
  let best = -1;
  for (let position = 0; position < width; position += 1) {
    const value = data[start + position];
    if (!taken.includes(position) && (best < 0 || value > data[start + best] || isNaNAt(data, start + best, value))) {
      best = position;
    }
  }
  return best;
}

function isNaNAt(data: TensorData, at: number, value: unknown): boolean {
  return Number.isNaN(data[at]) && !Number.isNaN(value);
}

/** FP16 and BF16 as FP32, which holds them all. */
function floatsOf(bits: Uint16Array, datatype: Datatype): Float32Array {
  const words = new Uint32Array(bits.length);
  const floats = new Float32Array(words.buffer);
  for (let index = 0; index < bits.length; index += 1) {
    if (datatype === 'BF16') {
      words[index] = bits[index] << 16;
    } else {
      floats[index] = halfOf(bits[index]);
    }
  }
  return floats;
}

/** The number that the bits of an FP16 stand for (IEEE 754). */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) {
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function part(data: TensorData, from: number, to: number): TensorData {
  return Array.isArray(data) ? data.slice(from, to) : data.subarray(from, to);
}
