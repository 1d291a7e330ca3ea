import { isObject, type Json } from '../kubernetes';
import type { ModelSignature, TensorMetadata } from '../model';

const DYNAMIC = -1;

/**
 * Compares a V1 request with the inputs of a model.
 *
 * Only what cannot be right is told: a name, a type, or a number of values. How values are nested is left to the runtime.
 *
 * @param request `{"instances": [row, …]}`, or `{"inputs": columns}`
 * @returns what does not fit, as sentences
 */
export function compareSample(request: Json, { inputs }: ModelSignature): string[] {
  const { instances } = request;
  if (Array.isArray(instances)) {
    if (instances.length === 0) {
      return ['There are no instances.'];
    }
    return instances.flatMap((row, index) => compareRow(row, `instances[${index}]`, inputs));
  }
  return compareColumns(request.inputs, inputs);
}

function compareRow(row: unknown, path: string, inputs: TensorMetadata[]): string[] {
  const [only] = inputs;
  if (isObject(row)) {
    return compareNames(row, path, inputs, rowSize);
  }
  return inputs.length === 1 && only !== undefined
    ? compareValues(row, path, only, rowSize(only))
    : [`${path} is no object with the inputs ${names(inputs)}.`];
}

function compareColumns(columns: unknown, inputs: TensorMetadata[]): string[] {
  const [only] = inputs;
  if (isObject(columns)) {
    return compareNames(columns, 'inputs', inputs, () => undefined);
  }
  return inputs.length === 1 && only !== undefined
    ? compareValues(columns, 'inputs', only, undefined)
    : [`inputs is no object with ${names(inputs)}.`];
}

function compareNames(
  values: Json,
  path: string,
  inputs: TensorMetadata[],
  sizeOf: (input: TensorMetadata) => number | undefined,
): string[] {
  const unknown = Object.keys(values).filter((name) => inputs.every((input) => input.name !== name));
  return [
    ...unknown.map((name) => `${path} has '${name}', and the model has the inputs ${names(inputs)}.`),
    ...inputs.flatMap((input) =>
      values[input.name] === undefined
        ? [`${path} has no '${input.name}'.`]
        : compareValues(values[input.name], `${path}.${input.name}`, input, sizeOf(input)),
    ),
  ];
}

function compareValues(value: unknown, path: string, input: TensorMetadata, size: number | undefined): string[] {
  const values = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [value];
  const wanted = jsonTypeOf(input.datatype);
  const wrong = values.find((element) => typeof element !== wanted && !isNonFinite(element, input.datatype));
  if (wrong !== undefined) {
    return [`${path} has ${JSON.stringify(wrong)}, and '${input.name}' takes a ${wanted} (${input.datatype}).`];
  }
  return size === undefined || values.length === size
    ? []
    : [`${path} has ${values.length} values, and '${input.name}' takes ${size}.`];
}

/** Number of values in one row; `undefined` when the request decides it, or the file does not say. */
function rowSize({ shape }: TensorMetadata): number | undefined {
  const row = shape.slice(1);
  return shape.length === 0 || row.includes(DYNAMIC) ? undefined : row.reduce((product, size) => product * size, 1);
}

function jsonTypeOf(datatype: string): 'string' | 'boolean' | 'number' {
  return datatype === 'BYTES' ? 'string' : datatype === 'BOOL' ? 'boolean' : 'number';
}

/** What is not finite has no number in JSON, so these strings stand for it. */
function isNonFinite(value: unknown, datatype: string): boolean {
  return /^(BF16|FP16|FP32|FP64)$/.test(datatype) && (value === 'NaN' || value === 'Infinity' || value === '-Infinity');
}

function names(inputs: TensorMetadata[]): string {
  return inputs.map(({ name }) => `'${name}'`).join(', ');
}
