import { randomUUID } from 'node:crypto';
import type { Signature, Tensor, TensorSpec } from '../model';
import { allText, flatText } from '../protocol';
import type { PredictionSource, RequestOrigin, StageTimes } from '../scheduling';
import { parseTraceparent } from './trace-context';

/** Type of the events. Its number changes when a reader of the old form could not read the new one. */
const EVENT_TYPE = 'io.github.cdk8s-model-serving.prediction.v1';

/** Larger tensors are recorded without values: writing them would hold up other requests. */
const MAX_ELEMENTS = 10_000;
const MAX_CHARACTERS = 100_000;

/** What is the same in all events of a model version. */
export interface RecordedModel {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;

  /** What clients send and get. */
  readonly signature: Signature;

  /** Inputs that the model evaluates. */
  readonly modelInputs: readonly TensorSpec[];

  /** Names of inputs and outputs whose values are left out. */
  readonly redact: ReadonlySet<string>;
}

/** What became of a request. */
export type Outcome =
  | {
      readonly outputs: readonly Tensor[];
      readonly firstRow: number | undefined;
      readonly source: PredictionSource;
    }
  | { readonly status: number; readonly error: string };

/** One request and its answer. */
export interface RecordedPrediction {
  readonly inputs: readonly Tensor[];

  /** What the model evaluated, where it differs from the inputs. */
  readonly modelInputs: readonly Tensor[] | undefined;
  readonly rows: number | undefined;
  readonly origin: RequestOrigin | undefined;

  /** When the request was understood. */
  readonly time: Date;

  /** From then to the answer. */
  readonly totalSeconds: number;
  readonly times: StageTimes;

  /** Header `x-feature-source`. */
  readonly featureSource: string | undefined;
  readonly outcome: Outcome;
}

/** A prediction as a CloudEvent in the structured JSON form, on one line. */
export function eventText(model: RecordedModel, prediction: RecordedPrediction): string {
  const { name, version, sha256, signature } = model;
  const { inputs, modelInputs, rows, origin, times, totalSeconds, featureSource, outcome } = prediction;
  const trace = parseTraceparent(origin?.traceparent);
  const answered = 'outputs' in outcome;
  const head = {
    specversion: '1.0',
    id: randomUUID(),
    source: `/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`,
    type: EVENT_TYPE,
    time: prediction.time.toISOString(),
    datacontenttype: 'application/json',
    ...(trace === undefined ? {} : { traceparent: origin?.traceparent }),
  };
  const data = {
    model: { name, version, sha256 },
    requestId: origin?.requestId ?? null,
    traceId: trace?.traceId ?? null,
    spanId: trace?.spanId ?? null,
    rows: rows ?? null,
    status: answered ? 200 : outcome.status,
    source: answered ? outcome.source : null,
    error: answered ? null : outcome.error,
    featureSource: featureSource ?? null,
    seconds: {
      total: rounded(totalSeconds),
      queue: rounded(times.queue),
      features: rounded(times.features),
      inference: rounded(times.inference),
    },
  };
  const tensors = [
    `"inputs":${tensorsText(signature.inputs, inputs, undefined, rows, model.redact)}`,
    ...(modelInputs === undefined ? [] : [`"modelInputs":${completedText(model, inputs, modelInputs)}`]),
    `"outputs":${answered ? tensorsText(signature.outputs, outcome.outputs, outcome.firstRow, rows, model.redact) : '[]'}`,
  ];
  return `${JSON.stringify(head).slice(0, -1)},"data":${JSON.stringify(data).slice(0, -1)},${tensors.join(',')}}}`;
}

/** The inputs that the model got and the client did not send. */
function completedText(model: RecordedModel, inputs: readonly Tensor[], modelInputs: readonly Tensor[]): string {
  const completed = model.modelInputs.flatMap((spec, index) =>
    inputs.includes(modelInputs[index]) ? [] : [{ spec, tensor: modelInputs[index] }],
  );
  return tensorsText(
    completed.map(({ spec }) => spec),
    completed.map(({ tensor }) => tensor),
    undefined,
    undefined,
    model.redact,
  );
}

function tensorsText(
  specs: readonly TensorSpec[],
  tensors: readonly Tensor[],
  firstRow: number | undefined,
  rows: number | undefined,
  redact: ReadonlySet<string>,
): string {
  const texts = specs.map(({ name }, index) =>
    redact.has(name)
      ? `{"name":${JSON.stringify(name)},"data":null}`
      : tensorText(name, tensors[index], firstRow, rows),
  );
  return `[${texts.join(',')}]`;
}

function tensorText(name: string, tensor: Tensor, firstRow: number | undefined, rows = 0): string {
  const shape = firstRow === undefined ? tensor.shape : [rows, ...tensor.shape.slice(1)];
  const stride = tensor.shape[0] > 0 ? tensor.data.length / tensor.shape[0] : 0;
  const from = firstRow === undefined ? 0 : firstRow * stride;
  const to = firstRow === undefined ? tensor.data.length : from + rows * stride;
  const data = isLarge(tensor, from, to)
    ? 'null'
    : firstRow === undefined
      ? allText(tensor)
      : flatText(tensor, firstRow, rows);
  return `{"name":${JSON.stringify(name)},"datatype":"${tensor.datatype}","shape":${JSON.stringify(shape)},"data":${data}}`;
}

function isLarge({ data }: Tensor, from: number, to: number): boolean {
  if (to - from > MAX_ELEMENTS) {
    return true;
  }
  if (!Array.isArray(data)) {
    return false;
  }
  let characters = 0;
  for (let index = from; index < to; index += 1) {
    characters += data[index].length;
  }
  return characters > MAX_CHARACTERS;
}

/** Whole microseconds. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
