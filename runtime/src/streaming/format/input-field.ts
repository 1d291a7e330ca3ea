import type { EventFieldsConfig, EventInputConfig } from '../../contract';
import { DATATYPES, DYNAMIC, elementCount, type Signature, type TensorData, type TensorSpec } from '../../model';
import { ELEMENT_READERS } from '../../protocol';
import { type JsonPointer, parsePointer } from './json-pointer';
import { shownValue } from './shown-value';

/** Where the elements of one input of the model are in an event. */
export interface InputField {
  readonly spec: TensorSpec;

  /** Sizes of the dimensions behind the first. */
  readonly rowShape: readonly number[];

  /** Elements of a row. */
  readonly width: number;

  /** One for each element; or one to the list of them. None for rows that are the tensors themselves. */
  readonly pointers: readonly JsonPointer[];

  /** One element: what stands for one that is absent or null. Absent = such an event is a dead letter. */
  readonly missing?: TensorData;
}

/**
 * Resolves what is declared of inputs against the model.
 *
 * @param problems gets everything that does not fit
 * @returns one for each input of the model
 */
export function inputFields({ inputs }: Signature, config: EventInputConfig, problems: string[]): InputField[] {
  if (config.format === 'tensor') {
    return inputs.flatMap((spec) => wholeRows(spec, problems));
  }
  const declared = config.inputs ?? [];
  for (const { input } of declared) {
    if (!inputs.some(({ name }) => name === input)) {
      problems.push(`input.inputs names '${input}', which the model lacks; it has ${quoted(inputs)}.`);
    } else if (declared.filter((other) => other.input === input).length > 1) {
      problems.push(`input.inputs names '${input}' more than once.`);
    }
  }
  return inputs.flatMap((spec) => {
    const fields = declared.find(({ input }) => input === spec.name);
    if (fields === undefined) {
      problems.push(`the model's input '${spec.name}' is not mapped; say where its elements are (input.inputs).`);
      return [];
    }
    return fieldOf(spec, fields, problems);
  });
}

function fieldOf(spec: TensorSpec, fields: EventFieldsConfig, problems: string[]): InputField[] {
  const where = `the model's input '${spec.name}'`;
  const pointers = fields.pointers.flatMap((text) => {
    const pointer = parsePointer(text);
    if (pointer === undefined) {
      problems.push(`${where}: ${shownValue(text)} is no JSON pointer; write "/name", with ~1 for / and ~0 for ~.`);
    }
    return pointer ?? [];
  });
  const rowShape = rowShapeOf(spec, pointers.length);
  if (rowShape === undefined) {
    problems.push(`${where} has the shape [${spec.shape.join(', ')}], ${misfit(spec, pointers.length)}`);
    return [];
  }
  const missing = missingOf(spec, fields, problems);
  return [{ spec, rowShape, width: elementCount(rowShape), pointers, ...(missing && { missing }) }];
}

/** Sizes behind the first dimension; one that is open is filled by the pointers to elements. */
function rowShapeOf({ shape }: TensorSpec, pointers: number): number[] | undefined {
  if (shape.length === 0 || pointers === 0) {
    return undefined;
  }
  const tail = shape.slice(1);
  const open = tail.filter((size) => size === DYNAMIC).length;
  const known = elementCount(tail.filter((size) => size !== DYNAMIC));
  if (open === 0) {
    return pointers === 1 || pointers === known ? tail : undefined;
  }
  // The length of one list would be another for each event, and then events could not share a run.
  return open === 1 && pointers > 1 && pointers % known === 0
    ? tail.map((size) => (size === DYNAMIC ? pointers / known : size))
    : undefined;
}

function misfit({ shape }: TensorSpec, pointers: number): string {
  if (shape.length === 0) {
    return 'which has no rows.';
  }
  return pointers === 1
    ? 'with an open size behind the rows; name a pointer for each element.'
    : `which ${pointers} pointers a row do not fill; name one for each element, or one to the list of all.`;
}

function missingOf(spec: TensorSpec, { missing }: EventFieldsConfig, problems: string[]): TensorData | undefined {
  if (missing === undefined) {
    return undefined;
  }
  const { read, rule } = ELEMENT_READERS[spec.datatype];
  const data = DATATYPES[spec.datatype].allocate(1);
  const isInteger = typeof missing === 'number' && Number.isInteger(missing);
  if (read([spec.datatype.endsWith('INT64') && isInteger ? BigInt(missing) : missing], data, 0) >= 0) {
    problems.push(`the model's input '${spec.name}': missing is ${shownValue(missing)}; it must be ${rule}.`);
  }
  return data;
}

function wholeRows(spec: TensorSpec, problems: string[]): InputField[] {
  const rowShape = spec.shape.slice(1);
  if (spec.shape.length === 0 || rowShape.includes(DYNAMIC)) {
    problems.push(
      `the model's input '${spec.name}' has the shape [${spec.shape.join(', ')}]; the format tensor needs rows of a known size.`,
    );
    return [];
  }
  return [{ spec, rowShape, width: elementCount(rowShape), pointers: [] }];
}

function quoted(specs: readonly TensorSpec[]): string {
  return specs.map(({ name }) => `'${name}'`).join(', ');
}
