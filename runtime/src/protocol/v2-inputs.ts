import { elementCount, type Signature, type Tensor, type TensorSpec } from '../model';
import { badRequest, kindOf, shown } from '../request-error';
import { isBinaryOnly } from './binary-only';
import type { BinaryParts } from './binary-parts';
import { readBinary } from './binary-tensor';
import type { DirectTensor } from './direct-tensor';
import { isObject, type JsonObject, own } from './json-body';
import { checkShape, readShape, type SymbolSizes } from './shape';
import { positionOf } from './tensor-position';
import { readFlat, readNested } from './tensor-reader';
import { readParameters } from './v2-parameters';

/** Where the elements of inputs are, besides the JSON itself. */
export interface InputData {
  /** Behind the JSON part of the body. */
  readonly parts: BinaryParts;

  /** Read from the body before, by the position of the input; undefined = none. */
  readonly lists: readonly (DirectTensor | undefined)[] | undefined;

  /** More elements than that cannot be in the JSON. */
  readonly maxElements: number;
}

/** Reads the `inputs` of V2 requests for one model. */
export class V2Inputs {
  private readonly positions: ReadonlyMap<string, number>;

  constructor(private readonly signature: Signature) {
    this.positions = new Map(signature.inputs.map(({ name }, index) => [name, index]));
  }

  /** The input of a name. A request that has not named its input yet may mean the only one. */
  readonly specOf = (name: string | undefined): TensorSpec | undefined => {
    const { inputs } = this.signature;
    const index = name === undefined ? (inputs.length === 1 ? 0 : undefined) : this.positions.get(name);
    return index === undefined ? undefined : inputs[index];
  };

  /**
   * Reads all inputs.
   *
   * @returns one tensor an input, in the model's order
   * @throws RequestError 400
   */
  read(value: unknown, data: InputData): Tensor[] {
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
      const index = positionOf(this.positions, own(input, 'name'), 'an input', path);
      if (tensors[index] !== undefined) {
        throw badRequest(`Input '${specs[index].name}' is given twice.`);
      }
      tensors[index] = readInput(input, specs[index], path, sizes, data, data.lists?.[position]);
    }
    data.parts.end();
    return tensors.map((tensor, index) => {
      if (tensor === undefined) {
        throw badRequest(`Input '${specs[index].name}' is missing in "inputs".`);
      }
      return tensor;
    });
  }
}

function readInput(
  input: JsonObject,
  spec: TensorSpec,
  path: string,
  sizes: SymbolSizes,
  { parts, maxElements }: InputData,
  list: DirectTensor | undefined,
): Tensor {
  const { name } = spec;
  const datatype = own(input, 'datatype');
  if (datatype !== spec.datatype) {
    throw badRequest(`Input '${name}' is ${spec.datatype}, but ${path}.datatype is ${shown(datatype)}.`);
  }
  const shape = readShape(own(input, 'shape'), name, `${path}.shape`);
  checkShape(shape, spec, sizes);
  const parameters = readParameters(own(input, 'parameters'), `${path}.parameters`);
  const data = own(input, 'data');
  const size = parameters && own(parameters, 'binary_data_size');
  if (size !== undefined) {
    // Null is no data: a client of KServe writes it beside a tensor without elements.
    if (data !== undefined && data !== null) {
      throw badRequest(`Input '${name}' has both "data" and binary_data_size; send one of them.`);
    }
    return readBinary(parts.take(size, name, path), spec, shape);
  }
  if (isBinaryOnly(spec.datatype)) {
    throw badRequest(
      `Input '${name}' is ${spec.datatype}, which V2 cannot carry as JSON numbers; send it as binary data ` +
        '(parameters.binary_data_size), or send the request over V1.',
    );
  }
  if (list !== undefined) {
    return { datatype: spec.datatype, shape: fitting(list, shape, name), data: list.data };
  }
  if (!Array.isArray(data)) {
    throw badRequest(`Input '${name}': ${path}.data must be a list; found ${kindOf(data)}.`);
  }
  const place = { input: name, path: `${path}.data` };
  return Array.isArray(data[0]) && shape.length > 0
    ? readNested(data, spec, shape, place, maxElements)
    : readFlat(data, spec, shape, place);
}

/** The shape, when the lists of the body have it. */
function fitting(list: DirectTensor, shape: readonly number[], name: string): readonly number[] {
  const fits =
    list.shape.length === 1
      ? list.data.length === elementCount(shape)
      : list.shape.length === shape.length && list.shape.every((size, axis) => size === shape[axis]);
  if (!fits) {
    throw badRequest(`Input '${name}': the lists of its data do not have the shape [${shape}].`);
  }
  return shape;
}
