import { DYNAMIC, elementCount, type Signature, type Tensor, type TensorSpec } from '../model';
import { badRequest, kindOf, type RequestError, shown } from '../request-error';
import {
  answerEvent,
  base64Data,
  checkEvent,
  checkEventHeaders,
  type EventMode,
  eventData,
  eventModeOf,
  isEventBody,
} from './cloud-event';
import { decodeBody } from './decode-body';
import { isObject, type JsonObject, own } from './json-body';
import { checkElements, WIRE_LIMITS, type WireLimits } from './limits';
import { type Codec, commonRows, type Prediction, type RequestHeaders } from './prediction';
import { checkRows, checkShape, type SymbolSizes, written } from './shape';
import { nestedLengths, type Place, readNested } from './tensor-reader';
import { V1Answer } from './v1-answer';
import { readV1Directly } from './v1-direct';

/**
 * The V1 protocol of KServe, with the row and the column form of TensorFlow Serving.
 *
 * - `{"instances": […]}`: one element a row. A model with one input takes the row's nested list (or, as an object,
 *   `{"<input>": …}`); a model with several inputs takes an object with all of them.
 * - `{"inputs": …}`: whole columns; for a model with one input its nested list, else an object with all inputs.
 *
 * Where a row of an input has exactly one element, it may be written without list: `{"age": 42}` for `[N, 1]`.
 */
export class V1Codec implements Codec {
  readonly copies = true;

  private readonly writer: V1Answer;
  private readonly names: ReadonlySet<string>;

  /** @param model name in the source of events */
  constructor(
    private readonly signature: Signature,
    private readonly model = '',
    private readonly limits: WireLimits = WIRE_LIMITS,
  ) {
    this.writer = new V1Answer(signature, limits);
    this.names = new Set(signature.inputs.map(({ name }) => name));
  }

  decode(body: Buffer, headers: RequestHeaders = {}): Prediction {
    const mode = eventModeOf(headers);
    if (mode === 'binary') {
      checkEventHeaders(headers);
    }
    if (mode !== 'structured') {
      const tensor = readV1Directly(body, this.signature, this.limits.jsonDepth);
      if (tensor !== undefined) {
        return this.prediction([tensor], mode);
      }
    }
    return decodeBody(body, this.limits, (parsed) => this.readBody(parsed, body.length, mode));
  }

  private readBody(body: JsonObject, maxElements: number, mode: EventMode | undefined): Prediction {
    if (mode === 'structured' || (mode === undefined && isEventBody(body) && !isRequest(body))) {
      return this.readEvent(body, maxElements);
    }
    return this.read(body, maxElements, mode);
  }

  private readEvent(event: JsonObject, maxElements: number): Prediction {
    checkEvent(event);
    const bytes = base64Data(event);
    return bytes === undefined
      ? this.read(eventData(event), maxElements, 'structured')
      : decodeBody(bytes, this.limits, (parsed) => this.read(parsed, bytes.length, 'structured'));
  }

  private read(body: JsonObject, maxElements: number, mode: EventMode | undefined): Prediction {
    const instances = own(body, 'instances');
    const columns = own(body, 'inputs');
    if (instances === undefined && columns === undefined) {
      throw badRequest('The body has neither "instances" (a list of rows) nor "inputs" (columns); send one of them.');
    }
    if (instances !== undefined && columns !== undefined) {
      throw badRequest('The body has both "instances" and "inputs"; send one of them.');
    }
    const inputs =
      columns === undefined ? this.readRows(instances, maxElements) : this.readColumns(columns, maxElements);
    return this.prediction(inputs, mode);
  }

  private prediction(inputs: readonly Tensor[], mode: EventMode | undefined): Prediction {
    checkElements(inputs, this.limits);
    const sizes: SymbolSizes = new Map();
    this.signature.inputs.forEach((spec, index) => {
      checkShape(inputs[index].shape, spec, sizes);
    });
    checkRows(
      inputs.map(({ shape }) => shape),
      this.signature.inputs,
    );
    const rows = commonRows(inputs);
    const { writer, model } = this;
    const write = (outputs: readonly Tensor[], firstRow: number | undefined) =>
      writer.write(outputs, firstRow ?? 0, rows);
    return {
      inputs,
      rows,
      answer: mode === undefined ? write : (outputs, firstRow) => answerEvent(mode, write(outputs, firstRow), model),
    };
  }

  private readRows(instances: unknown, maxElements: number): Tensor[] {
    const { inputs } = this.signature;
    if (!Array.isArray(instances)) {
      throw badRequest(`"instances" must be a list of rows; found ${kindOf(instances)}.`);
    }
    for (const spec of inputs) {
      if (spec.shape.length === 0) {
        throw badRequest(`Input '${spec.name}' is a single value without rows; send "inputs", or use the V2 protocol.`);
      }
    }
    const [only] = inputs;
    if (inputs.length === 1 && !isObject(instances[0])) {
      return [readColumn(only, instances, { input: only.name, path: 'instances' }, maxElements)];
    }
    for (let row = 0; row < instances.length; row += 1) {
      if (!this.hasAllInputs(instances[row])) {
        throw this.wrongKeys(instances[row], `instances[${row}]`);
      }
    }
    return inputs.map((spec) => {
      const column = instances.map((instance: JsonObject) => instance[spec.name]);
      const place = { input: spec.name, path: 'instances', suffix: `.${spec.name}` };
      return readColumn(spec, column, place, maxElements);
    });
  }

  private readColumns(columns: unknown, maxElements: number): Tensor[] {
    const { inputs } = this.signature;
    const [only] = inputs;
    if (inputs.length === 1 && !isObject(columns)) {
      return [readColumn(only, columns, { input: only.name, path: 'inputs' }, maxElements)];
    }
    if (!this.hasAllInputs(columns)) {
      throw this.wrongKeys(columns, 'inputs');
    }
    return inputs.map((spec) => {
      const place = { input: spec.name, path: `inputs.${spec.name}` };
      return readColumn(spec, columns[spec.name], place, maxElements);
    });
  }

  /** Whether a value is an object with every input as a key of its own, and no other key. */
  private hasAllInputs(value: unknown): value is JsonObject {
    return (
      isObject(value) &&
      this.signature.inputs.every(({ name }) => Object.hasOwn(value, name)) &&
      Object.keys(value).length === this.names.size
    );
  }

  private wrongKeys(value: unknown, path: string): RequestError {
    const expected = `the model's inputs are ${this.inputList()}`;
    if (!isObject(value)) {
      return badRequest(`${path} must be an object from input to value; found ${kindOf(value)}; ${expected}.`);
    }
    const missing = this.signature.inputs.find(({ name }) => !Object.hasOwn(value, name));
    if (missing !== undefined) {
      return badRequest(`${path} lacks the input '${missing.name}'; ${expected}.`);
    }
    const unknown = Object.keys(value).find((key) => !this.names.has(key));
    return badRequest(`${path} has the key ${shown(unknown)}; ${expected}.`);
  }

  private inputList(): string {
    return this.signature.inputs.map((spec) => `'${spec.name}' ${spec.datatype} ${written(spec)}`).join(', ');
  }
}

/** Whether a body has what a V1 request has. */
function isRequest(body: JsonObject): boolean {
  return Object.hasOwn(body, 'instances') || Object.hasOwn(body, 'inputs');
}

/** Reads all rows of one input. Sizes that the model leaves open are those of the first row. */
function readColumn(spec: TensorSpec, column: unknown, place: Place, maxElements: number): Tensor {
  const rank = spec.shape.length;
  if (rank === 0) {
    const { data, datatype } = readNested([column], spec, [1], place, maxElements);
    return { datatype, shape: [], data };
  }
  if (!Array.isArray(column)) {
    throw badRequest(`Input '${place.input}': ${place.path} must be a list; found ${kindOf(column)}.`);
  }
  const tail = spec.shape.slice(1);
  if (tail.length > 0 && holdsOneElement(tail) && column.every((row) => !Array.isArray(row))) {
    const { data, datatype } = readNested(column, spec, [column.length], place, maxElements);
    return { datatype, shape: [column.length, ...tail], data };
  }
  const lengths = tail.includes(DYNAMIC) ? nestedLengths(column[0], tail.length) : [];
  const sizes = tail.map((size, axis) => (size === DYNAMIC ? (lengths[axis] ?? 0) : size));
  return readNested(column, spec, [column.length, ...sizes], place, maxElements);
}

function holdsOneElement(tail: readonly number[]): boolean {
  return !tail.includes(DYNAMIC) && elementCount(tail) === 1;
}
