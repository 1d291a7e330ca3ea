import type { Signature, Tensor, TensorSpec } from '../model';
import { decodeBody } from './decode-body';
import { isObject, type JsonObject, own } from './json-body';
import { type Codec, commonRows, type Prediction } from './prediction';
import { badRequest, kindOf, shown } from './request-error';
import { checkShape, readShape, type SymbolSizes } from './shape';
import { readFlat, readNested } from './tensor-reader';
import { V2Answer } from './v2-answer';

/** The JSON form of the V2 protocol (Open Inference Protocol). Binary tensors are an extension that is not offered. */
export class V2Codec implements Codec {
  private readonly writer: V2Answer;
  private readonly inputIndex: ReadonlyMap<string, number>;
  private readonly outputIndex: ReadonlyMap<string, number>;

  /**
   * @param model name in the answer
   * @param version version in the answer
   */
  constructor(
    private readonly signature: Signature,
    model: string,
    version: string,
  ) {
    this.writer = new V2Answer(signature, model, version);
    this.inputIndex = new Map(signature.inputs.map(({ name }, index) => [name, index]));
    this.outputIndex = new Map(signature.outputs.map(({ name }, index) => [name, index]));
  }

  decode(body: Buffer): Prediction {
    return decodeBody(body, (parsed, maxElements) => this.read(parsed, maxElements));
  }

  private read(body: JsonObject, maxElements: number): Prediction {
    const id = readId(own(body, 'id'));
    checkParameters(own(body, 'parameters'), 'parameters');
    const inputs = this.readInputs(own(body, 'inputs'), maxElements);
    const selected = this.readOutputs(own(body, 'outputs'));
    const rows = commonRows(inputs);
    const { writer } = this;
    return {
      inputs,
      rows,
      answer: (outputs, firstRow) => writer.write(outputs, selected, id, firstRow, rows ?? 0),
    };
  }

  private readInputs(value: unknown, maxElements: number): Tensor[] {
    if (!Array.isArray(value)) {
      throw badRequest(`"inputs" must be a list of tensors; found ${kindOf(value)}.`);
    }
    const specs = this.signature.inputs;
    const tensors = new Array<Tensor | undefined>(specs.length).fill(undefined);
    const sizes: SymbolSizes = new Map();
    for (let position = 0; position < value.length; position += 1) {
      const input = value[position];
      const path = `inputs[${position}]`;
      if (!isObject(input)) {
        throw badRequest(`${path} must be an object; found ${kindOf(input)}.`);
      }
      const index = this.indexOf(own(input, 'name'), path);
      if (tensors[index] !== undefined) {
        throw badRequest(`Input '${specs[index].name}' is given twice.`);
      }
      tensors[index] = readInput(input, specs[index], path, sizes, maxElements);
    }
    return tensors.map((tensor, index) => {
      if (tensor === undefined) {
        throw badRequest(`Input '${specs[index].name}' is missing in "inputs".`);
      }
      return tensor;
    });
  }

  private indexOf(name: unknown, path: string): number {
    const index = typeof name === 'string' ? this.inputIndex.get(name) : undefined;
    if (index === undefined) {
      throw badRequest(
        `${path}.name must be an input of the model (${quoted(this.inputIndex)}); found ${shown(name)}.`,
      );
    }
    return index;
  }

  /** Positions of the outputs to answer; undefined = all. */
  private readOutputs(value: unknown): number[] | undefined {
    if (value === undefined) {
      return undefined;
    }
    if (!Array.isArray(value)) {
      throw badRequest(`"outputs" must be a list; found ${kindOf(value)}.`);
    }
    const selected = value.map((output: unknown, position) => {
      const path = `outputs[${position}]`;
      if (!isObject(output)) {
        throw badRequest(`${path} must be an object with the name of an output; found ${kindOf(output)}.`);
      }
      const name = own(output, 'name');
      const index = typeof name === 'string' ? this.outputIndex.get(name) : undefined;
      if (index === undefined) {
        throw badRequest(
          `${path}.name must be an output of the model (${quoted(this.outputIndex)}); found ${shown(name)}.`,
        );
      }
      const parameters = own(output, 'parameters');
      checkParameters(parameters, `${path}.parameters`);
      if (isObject(parameters) && Object.hasOwn(parameters, 'classification')) {
        throw badRequest(`${path}.parameters.classification: the classification extension is not offered.`);
      }
      return index;
    });
    if (new Set(selected).size < selected.length) {
      throw badRequest('"outputs" names an output twice.');
    }
    return selected.length === 0 ? undefined : selected;
  }
}

function readInput(input: JsonObject, spec: TensorSpec, path: string, sizes: SymbolSizes, maxElements: number): Tensor {
  const { name } = spec;
  const datatype = own(input, 'datatype');
  if (datatype !== spec.datatype) {
    throw badRequest(`Input '${name}' is ${spec.datatype}, but ${path}.datatype is ${shown(datatype)}.`);
  }
  if (datatype === 'FP16') {
    throw badRequest(`Input '${name}' is FP16, which V2 cannot carry as JSON numbers; send the request over V1.`);
  }
  const shape = readShape(own(input, 'shape'), name, `${path}.shape`);
  checkShape(shape, spec, sizes);
  const parameters = own(input, 'parameters');
  checkParameters(parameters, `${path}.parameters`);
  if (isObject(parameters) && Object.hasOwn(parameters, 'binary_data_size')) {
    throw badRequest(
      `Input '${name}' has binary_data_size, but the extension for binary tensors is not offered; send "data".`,
    );
  }
  const data = own(input, 'data');
  if (!Array.isArray(data)) {
    throw badRequest(`Input '${name}': ${path}.data must be a list; found ${kindOf(data)}.`);
  }
  const place = { input: name, path: `${path}.data` };
  return Array.isArray(data[0]) && shape.length > 0
    ? readNested(data, spec, shape, place, maxElements)
    : readFlat(data, spec, shape, place);
}

function readId(id: unknown): string | undefined {
  if (id !== undefined && typeof id !== 'string') {
    throw badRequest(`"id" must be a string; found ${kindOf(id)}.`);
  }
  return id;
}

/** The parameters of the protocol are open: unknown ones are accepted, as long as their form is right. */
function checkParameters(parameters: unknown, path: string): void {
  if (parameters === undefined) {
    return;
  }
  if (!isObject(parameters)) {
    throw badRequest(`"${path}" must be an object; found ${kindOf(parameters)}.`);
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (!['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
      throw badRequest(`${path}: ${shown(name)} must be a string, a number or a boolean; found ${kindOf(value)}.`);
    }
  }
}

function quoted(names: ReadonlyMap<string, number>): string {
  return [...names.keys()].map((name) => `'${name}'`).join(', ');
}
