import type { Signature, Tensor } from '../model';
import { badRequest, kindOf, RequestError } from '../request-error';
import { BinaryParts, jsonLength } from './binary-parts';
import { decodeBody } from './decode-body';
import type { DirectTensor } from './direct-tensor';
import { INEXACT_INTEGER } from './element';
import { type JsonObject, own, parseObject } from './json-body';
import { checkElements, WIRE_LIMITS, type WireLimits } from './limits';
import { type Codec, commonRows, type Prediction, type RequestHeaders } from './prediction';
import { V2Answer } from './v2-answer';
import { DEPTH_OF_DATA, readV2Directly } from './v2-direct';
import { type InputData, V2Inputs } from './v2-inputs';
import { V2Outputs, type WantedOutput } from './v2-outputs';
import { readParameters, readPriority, readTimeoutMillis } from './v2-parameters';
import { readRaw } from './v2-raw';
import { Skeletons } from './v2-skeletons';

const NO_PARTS = new BinaryParts(undefined);

/** Smaller bodies are parsed faster as a whole, unless all but their numbers is known. */
const DIRECT_BYTES = 384;

/** The V2 protocol (Open Inference Protocol), in JSON and with the extension for binary tensor data. */
export class V2Codec implements Codec {
  // A binary tensor is a part of the body.
  readonly copies = false;

  private readonly inputs: V2Inputs;
  private readonly outputs: V2Outputs;
  private readonly skeletons: Skeletons;
  private readonly writer: V2Answer;

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
    this.inputs = new V2Inputs(signature);
    this.outputs = new V2Outputs(signature);
    this.skeletons = new Skeletons(limits.jsonDepth - DEPTH_OF_DATA);
    this.writer = new V2Answer(signature, model, version, limits);
  }

  decode(body: Buffer, headers: RequestHeaders): Prediction {
    const length = jsonLength(headers, body.length);
    if (length === undefined) {
      return this.readDirectly(body) ?? this.readJson(body, undefined);
    }
    if (length === 0) {
      return this.prediction([readRaw(body, this.signature)], this.outputs.everyBinary());
    }
    return this.readJson(body.subarray(0, length), body.subarray(length));
  }

  private readJson(json: Buffer, binary: Buffer | undefined): Prediction {
    return decodeBody(json, this.limits, (parsed) =>
      this.read(parsed, { parts: new BinaryParts(binary), lists: undefined, maxElements: json.length }),
    );
  }

  /** Reads the numbers from the bytes of the body; undefined when that is not possible, or when something is wrong. */
  private readDirectly(body: Buffer): Prediction | undefined {
    const known = this.skeletons.read(body);
    try {
      if (known !== undefined) {
        const lists: (DirectTensor | undefined)[] = [];
        lists[known.position] = known.list;
        return this.readParsed(known.parsed, lists, body.length);
      }
      const isWorthLearning = this.skeletons.isWorthLearning;
      return body.length >= DIRECT_BYTES || isWorthLearning ? this.readRest(body, isWorthLearning) : undefined;
    } catch (error) {
      if (error instanceof RequestError || error === INEXACT_INTEGER) {
        return undefined; // the general way finds the same fault, and names it in terms of the whole body
      }
      throw error;
    }
  }

  private readRest(body: Buffer, learn: boolean): Prediction | undefined {
    const { jsonDepth } = this.limits;
    const direct = readV2Directly(body, this.inputs.specOf, jsonDepth);
    if (direct === undefined) {
      return undefined;
    }
    const { rest, lists, spans } = direct;
    const parsed = parseObject(rest, jsonDepth);
    const prediction = this.readParsed(parsed, lists, rest.length);
    const position = lists.findIndex((list) => list !== undefined);
    const list = lists[position];
    if (learn && spans.length === 1 && list !== undefined) {
      const [{ start, end }] = spans;
      this.skeletons.learn(body, start, end, { position, datatype: list.datatype, parsed });
    }
    return prediction;
  }

  private readParsed(parsed: JsonObject, lists: InputData['lists'], maxElements: number): Prediction {
    return this.read(parsed, { parts: NO_PARTS, lists, maxElements });
  }

  private read(body: JsonObject, data: InputData): Prediction {
    const id = readId(own(body, 'id'));
    const parameters = readParameters(own(body, 'parameters'), 'parameters');
    const timeoutMillis = readTimeoutMillis(parameters);
    const priority = readPriority(parameters);
    const inputs = this.inputs.read(own(body, 'inputs'), data);
    const wanted = this.outputs.read(own(body, 'outputs'), parameters);
    return this.prediction(inputs, wanted, { id, timeoutMillis, priority });
  }

  private prediction(
    inputs: readonly Tensor[],
    wanted: readonly WantedOutput[],
    asked: Pick<Prediction, 'id' | 'timeoutMillis' | 'priority'> = {},
  ): Prediction {
    checkElements(inputs, this.limits);
    const rows = commonRows(inputs);
    const { writer } = this;
    return {
      inputs,
      rows,
      id: asked.id,
      timeoutMillis: asked.timeoutMillis,
      priority: asked.priority,
      answer: (outputs, firstRow) => writer.write(outputs, wanted, asked.id, firstRow, rows ?? 0),
    };
  }
}

function readId(id: unknown): string | undefined {
  if (id !== undefined && typeof id !== 'string') {
    throw badRequest(`"id" must be a string; found ${kindOf(id)}.`);
  }
  return id;
}
