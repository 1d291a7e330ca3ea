import type { Signature, Tensor } from '../model';
import { badRequest, counted, shown } from '../request-error';
import { readBinary } from './binary-tensor';
import { GrpcAnswer } from './grpc-answer';
import { readContents } from './grpc-contents';
import type { InferInput, InferOutput, InferRequest } from './grpc-request';
import { checkElements, WIRE_LIMITS, type WireLimits } from './limits';
import { commonRows, type Prediction } from './prediction';
import { checkShape, readShape, type SymbolSizes } from './shape';
import { positionOf } from './tensor-position';
import { readPriority, readTimeoutMillis, refuseExtensions } from './v2-parameters';

/** A request over gRPC that was understood: what to run, and how to write the answer. */
export interface GrpcPrediction extends Omit<Prediction, 'answer'> {
  /**
   * Writes the answer, an `inference.ModelInferResponse`.
   *
   * @param outputs one tensor an output, in the model's order; rows of other requests may be in them
   * @param firstRow first row of this request; undefined when the outputs are this request's alone
   */
  answer(outputs: readonly Tensor[], firstRow: number | undefined): Buffer;
}

/** Understands the requests of the V2 protocol over gRPC (Open Inference Protocol) for one model. */
export class GrpcCodec {
  private readonly writer: GrpcAnswer;
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
    private readonly limits: WireLimits = WIRE_LIMITS,
  ) {
    this.writer = new GrpcAnswer(signature, model, version, limits);
    this.inputIndex = new Map(signature.inputs.map(({ name }, index) => [name, index]));
    this.outputIndex = new Map(signature.outputs.map(({ name }, index) => [name, index]));
  }

  /**
   * Makes the tensors of a request.
   *
   * @throws RequestError 400 when it does not fit the model
   */
  decode(request: InferRequest): GrpcPrediction {
    const { id, raw, parameters } = request;
    const timeoutMillis = readTimeoutMillis(parameters);
    const priority = readPriority(parameters);
    const inputs = this.readInputs(request);
    checkElements(inputs, this.limits);
    const outputs = request.outputs.length === 0 ? undefined : this.readOutputs(request.outputs);
    const rows = commonRows(inputs);
    const { writer } = this;
    return {
      inputs,
      rows,
      id: id === '' ? undefined : id,
      timeoutMillis,
      priority,
      answer: (tensors, firstRow) =>
        writer.write(tensors, id, { outputs, firstRow, rows: rows ?? 0, raw: raw.length > 0 }),
    };
  }

  private readInputs({ inputs, raw }: InferRequest): Tensor[] {
    const specs = this.signature.inputs;
    if (raw.length > 0 && raw.length !== inputs.length) {
      throw badRequest(
        `raw_input_contents must have one entry for each input, in their order: there are ` +
          `${counted(inputs.length, 'input')} and ${raw.length} of it.`,
      );
    }
    const tensors = new Array<Tensor | undefined>(specs.length).fill(undefined);
    const sizes: SymbolSizes = new Map();
    for (let position = 0; position < inputs.length; position += 1) {
      const input = inputs[position];
      const index = positionOf(this.inputIndex, input.name, 'an input', `inputs[${position}]`);
      if (tensors[index] !== undefined) {
        throw badRequest(`Input '${input.name}' is given twice.`);
      }
      tensors[index] = this.readInput(input, index, position, raw.length > 0 ? raw[position] : undefined, sizes);
    }
    return tensors.map((tensor, index) => {
      if (tensor === undefined) {
        throw badRequest(`Input '${specs[index].name}' is missing in "inputs".`);
      }
      return tensor;
    });
  }

  private readInput(
    { name, datatype, shape, contents }: InferInput,
    index: number,
    position: number,
    raw: Uint8Array | undefined,
    sizes: SymbolSizes,
  ): Tensor {
    const spec = this.signature.inputs[index];
    if (datatype !== spec.datatype) {
      throw badRequest(`Input '${name}' is ${spec.datatype}, but inputs[${position}].datatype is ${shown(datatype)}.`);
    }
    checkShape(readShape(shape, name, `inputs[${position}].shape`), spec, sizes);
    if (raw === undefined) {
      return readContents(contents, spec, shape);
    }
    if (contents.some(({ at, end }) => at < end)) {
      throw badRequest(`Input '${name}' has contents, but there are raw_input_contents too; send one of them.`);
    }
    return readBinary(raw, spec, shape);
  }

  /** Positions of the outputs to answer. */
  private readOutputs(outputs: readonly InferOutput[]): number[] {
    const selected = outputs.map(({ name, parameters }, position) => {
      const index = positionOf(this.outputIndex, name, 'an output', `outputs[${position}]`);
      refuseExtensions(parameters, `outputs[${position}].parameters`);
      return index;
    });
    if (new Set(selected).size < selected.length) {
      throw badRequest('"outputs" names an output twice.');
    }
    return selected;
  }
}
