/** A tensor as a test looks at it. */
export interface Column {
  readonly name: string;
  readonly datatype: 'FP32' | 'INT64' | 'BYTES';
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

/** A model whose outputs say for which input they were computed. */
export interface TrafficModel {
  readonly name: string;

  /** Most rows that a test sends. */
  readonly mostRows: number;

  /** The only number of rows that the model takes; absent = any. */
  readonly onlyRows?: number;

  /** The inputs of rows that no other request has, or few. */
  readonly inputs: (rows: number, width: number) => Column[];

  /** The right outputs; several when several files may have answered. `version` is what the answer says. */
  readonly outputs: (inputs: readonly Column[], version: string | undefined) => Column[][];
}

/** Features of a row. */
export const ROW_WIDTH = 4;

/** Trees of the forest; each says yes to a second feature above its number, times 1000. */
export const TREES = 60;

/** Numbers below 2^22, so that products with small factors are exact in FP32. */
const MOST_UNIQUE = 2 ** 22;
let lastUnique = 0;

function unique(): number {
  lastUnique = (lastUnique + 1) % MOST_UNIQUE;
  return lastUnique;
}

/** Four numbers a row: one that no other row has, and three that follow from it. */
function numbers(name: string, rows: number, next = unique): Column {
  const data = Array.from({ length: rows }, () => {
    const id = next();
    return [id, (id * 7) % 60_000, -id, ((id * 31) % 1000) / 8];
  }).flat();
  return { name, datatype: 'FP32', shape: [rows, ROW_WIDTH], data };
}

function times(factor: number, { data, shape }: Column, name: string): Column {
  return { name, datatype: 'FP32', shape, data: data.map((value) => Number(value) * factor) };
}

/** What the versions of `hot` multiply by; version 1 is replaced while it serves. */
const HOT: Readonly<Record<string, readonly (2 | 3 | 5)[]>> = { '1': [2, 3], '2': [5] };

/** The models of a test, all of them with names of their own. */
export const TRAFFIC_MODELS: readonly TrafficModel[] = [
  {
    name: 'forest',
    mostRows: 3000,
    inputs: (rows) => [numbers('x', rows)],
    outputs: ([x]) => {
      const decisions = x.data.filter((_, index) => index % ROW_WIDTH === 1);
      const score = decisions.map((value) => Math.min(TREES, Math.ceil((Number(value) - 0.5) / 1000)));
      return [[{ name: 'score', datatype: 'FP32', shape: [score.length, 1], data: score }, times(2, x, 'echo')]];
    },
  },
  {
    name: 'heavy',
    mostRows: 6,
    inputs: (rows) => [numbers('input', rows)],
    outputs: ([input]) => [[times(1, input, 'output')]],
  },
  {
    name: 'one',
    mostRows: 1,
    onlyRows: 1,
    inputs: (rows) => [numbers('x', rows)],
    outputs: ([x]) => [[times(3, x, 'y')]],
  },
  {
    name: 'pair',
    mostRows: 300,
    inputs: (rows, width) => {
      const wide = (name: string): Column => {
        const data = Array.from({ length: rows * width }, unique);
        return { name, datatype: 'FP32', shape: [rows, width], data };
      };
      const keys = Array.from({ length: rows }, unique);
      return [wide('a'), wide('b'), { name: 'key', datatype: 'INT64', shape: [rows, 1], data: keys }];
    },
    outputs: ([a, b, key]) => {
      const other = (index: number) => Number(b.data[index]);
      return [
        [
          { ...a, name: 'sum', data: a.data.map((value, index) => Number(value) + other(index)) },
          { ...a, name: 'difference', data: a.data.map((value, index) => Number(value) - other(index)) },
          { ...key, name: 'keys', data: key.data.map((value) => Number(value) * 2) },
        ],
      ];
    },
  },
  {
    name: 'text',
    mostRows: 60,
    inputs: (rows) => {
      const data = Array.from({ length: rows }, () => String(unique()).padStart(9, '0'));
      return [{ name: 'text', datatype: 'BYTES', shape: [rows, 1], data }];
    },
    outputs: ([sent]) => [
      [
        { ...sent, name: 'echo' },
        { ...sent, name: 'value', datatype: 'FP32', data: sent.data.map(Number) },
      ],
    ],
  },
  {
    name: 'cached',
    mostRows: 3,
    // Few different ones, so that most of them are equal to others.
    inputs: (rows) => [numbers('x', rows, () => unique() % 20)],
    outputs: ([x]) => [[times(2, x, 'y')]],
  },
  {
    name: 'hot',
    mostRows: 40,
    inputs: (rows) => [numbers('x', rows)],
    outputs: ([x], version) =>
      (version === undefined ? Object.values(HOT).flat() : (HOT[version] ?? [])).map((factor) => [
        times(factor, x, 'y'),
      ]),
  },
];
