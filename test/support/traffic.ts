import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { GrpcClient } from './grpc-client';
import type { PipelinedConnection } from './pipelined-http';
import {
  HTTP_FORMS,
  type HttpForm,
  readGrpc,
  readHttp,
  type TrafficAnswer,
  writeGrpc,
  writeHttp,
} from './traffic-forms';
import { type Column, TRAFFIC_MODELS, type TrafficModel } from './traffic-models';

/** What is wrong with a request. */
const FAULTS = ['model', 'version', 'width', 'name', 'element', 'damaged'] as const;

/** One request of a test. */
export interface Traffic {
  readonly model: TrafficModel;
  readonly form: HttpForm | 'grpc' | 'grpc-raw';
  readonly rows: number;
  readonly width: number;
  readonly fault: (typeof FAULTS)[number] | undefined;

  /** Version 1 is asked for by name. */
  readonly versioned: boolean;
  readonly deadlineMillis: number | undefined;
  readonly priority: number | undefined;
  readonly hasId: boolean;
  readonly coding: 'gzip' | 'deflate' | undefined;
  readonly accepted: string | undefined;

  /** The part of the request after which its client leaves; undefined = it waits for its answer. */
  readonly leavesAfter: number | undefined;
}

/** Any request. Most of them are small and right. */
export const traffic: fc.Arbitrary<Traffic> = fc
  .record({
    model: fc.constantFrom(...TRAFFIC_MODELS),
    form: fc.constantFrom<Traffic['form']>(...HTTP_FORMS, 'grpc', 'grpc', 'grpc-raw', 'grpc-raw'),
    rows: fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: 1, max: 5 }) },
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.nat(3000) },
    ),
    width: fc.integer({ min: 1, max: 5 }),
    fault: rarely(6, fc.constantFrom(...FAULTS)),
    versioned: fc.boolean(),
    deadlineMillis: rarely(10, fc.integer({ min: 1, max: 30 })),
    priority: rarely(4, fc.nat(3)),
    hasId: fc.boolean(),
    coding: rarely(5, fc.constantFrom('gzip' as const, 'deflate' as const)),
    accepted: rarely(4, fc.constantFrom('gzip', 'deflate', 'gzip, deflate;q=0.5')),
    leavesAfter: rarely(20, fc.constantFrom(0.2, 0.9, 1)),
  })
  .map(sensible);

function rarely<T>(oneOf: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: oneOf - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

/** The request without what its form has no place for. */
function sensible(any: Traffic): Traffic {
  // A body without JSON is the one row of the only input.
  const form = any.form === 'v2-raw' && any.model.inputs(1, 1).length > 1 ? 'v2' : any.form;
  const fault = isPossible(any, form) ? any.fault : undefined;
  const most = form === 'v2-raw' ? 1 : any.model.mostRows;
  const least = form === 'v2-raw' || fault !== undefined ? 1 : 0;
  return { ...any, form, fault, rows: Math.max(least, Math.min(any.rows, most)) };
}

function isPossible({ model, fault }: Traffic, form: Traffic['form']): boolean {
  if (form === 'v2-raw') {
    // There is no name in it, and any bytes are a text.
    return fault !== 'name' && (model.name !== 'text' || (fault !== 'width' && fault !== 'damaged'));
  }
  return fault !== 'damaged' || !form.startsWith('grpc');
}

let sent = 0;

/** A request with what is sent and what has to come back. */
export class Exchange {
  private readonly inputs: readonly Column[];
  private readonly wrong: readonly Column[];
  private readonly id: string | undefined;

  /** How it ended: its status, of a good answer with model and version as far as they are known, or `left`. */
  outcome = 'left';

  constructor(readonly traffic: Traffic) {
    const { model, rows, width, fault, hasId, form } = traffic;
    sent += 1;
    this.id = hasId && form !== 'v2-raw' ? `request-${sent}` : undefined;
    this.inputs = model.inputs(rows, width);
    this.wrong = damaged(this.inputs, fault);
  }

  /** Sends it on a connection of HTTP. Returns what is wrong with the answer; undefined when nothing is. */
  async overHttp(connection: PipelinedConnection): Promise<string | undefined> {
    const { form } = this.traffic;
    if (form === 'grpc' || form === 'grpc-raw') {
      throw new Error('this one goes over gRPC');
    }
    const { path, headers, body } = this.request(form);
    if (this.traffic.leavesAfter !== undefined) {
      connection.leave(path, headers, body, this.traffic.leavesAfter);
      return undefined;
    }
    return this.check(readHttp(form, await connection.post(path, headers, body)));
  }

  /** As {@link overHttp}, as a call of gRPC. */
  async overGrpc(client: GrpcClient): Promise<string | undefined> {
    const { model, form, fault, versioned, deadlineMillis, priority, leavesAfter } = this.traffic;
    const raw = form === 'grpc-raw';
    const { inputs, rest } = writeGrpc(this.wrong, raw, { id: this.id, priority });
    const request = {
      model_name: fault === 'model' ? 'nobody' : model.name,
      model_version: fault === 'version' ? '77' : versioned ? '1' : '',
      inputs,
      ...rest,
    };
    const options = deadlineMillis === undefined ? {} : { deadline: Date.now() + deadlineMillis };
    const call = client.start('ModelInfer', request, {}, options);
    if (leavesAfter !== undefined) {
      setImmediate(call.cancel);
    }
    const { code, details, message } = await call.outcome;
    if (code === 'CANCELLED' && leavesAfter !== undefined) {
      return undefined;
    }
    return this.check(code === 'OK' ? readGrpc(message) : { status: STATUSES[code] ?? 0, error: details, outputs: {} });
  }

  private request(form: HttpForm): { path: string; headers: Record<string, string>; body: Buffer } {
    const { model, fault, versioned, deadlineMillis, priority, coding, accepted } = this.traffic;
    const isV1 = !form.startsWith('v2');
    const inParameters = !isV1 && form !== 'v2-raw' && this.id !== undefined;
    const timeoutMicros = inParameters && deadlineMillis !== undefined ? deadlineMillis * 1000 : undefined;
    const { headers, body } = writeHttp(form, this.wrong, { id: this.id, priority, timeoutMicros });
    const broken = fault === 'damaged' || (isV1 && fault === 'name') ? body.subarray(0, body.length - 1) : body;
    const coded = coding === 'gzip' ? gzipSync(broken) : coding === 'deflate' ? deflateSync(broken) : broken;
    const version = fault === 'version' ? '/versions/77' : versioned ? '/versions/1' : '';
    const name = fault === 'model' ? 'nobody' : model.name;
    return {
      path: isV1 ? `/v1/models/${name}${version}:predict` : `/v2/models/${name}${version}/infer`,
      headers: {
        ...headers,
        ...(coding === undefined ? {} : { 'Content-Encoding': coding }),
        ...(accepted === undefined ? {} : { 'Accept-Encoding': accepted }),
        ...(deadlineMillis === undefined || timeoutMicros !== undefined
          ? {}
          : { 'x-request-timeout-ms': String(deadlineMillis) }),
      },
      body: coded,
    };
  }

  /** What is wrong with an answer. */
  private check(answer: TrafficAnswer): string | undefined {
    const { status, error, model, version } = answer;
    this.outcome = [status, ...(version === undefined ? [] : [`${model}/${version}`])].join(' ');
    if (status !== 200 && !error) {
      return this.tell(`${status} without a word`);
    }
    if (this.traffic.deadlineMillis !== undefined && (status === 429 || status === 504)) {
      return undefined;
    }
    const right = this.status;
    if (status !== right) {
      return this.tell(`answered ${status} ${error ?? ''}, not ${right}`);
    }
    return status === 200 ? this.checkOutputs(answer) : undefined;
  }

  private get status(): number {
    const { model, fault, rows } = this.traffic;
    if (fault === 'model' || fault === 'version') {
      return 404;
    }
    return fault === undefined && (model.onlyRows === undefined || rows === model.onlyRows) ? 200 : 400;
  }

  private checkOutputs({ model, version, id, outputs }: TrafficAnswer): string | undefined {
    const { traffic } = this;
    if (model !== undefined && model !== traffic.model.name) {
      return this.tell(`answered by ${model}`);
    }
    if (version !== undefined && traffic.versioned && version !== '1') {
      return this.tell(`answered by version ${version}`);
    }
    if (version !== undefined && id !== this.id) {
      return this.tell(`the answer to ${id}`);
    }
    const named = version ?? (traffic.versioned ? '1' : undefined);
    const right = traffic.model.outputs(this.wrong, named).some((columns) => {
      const isNameless = columns.length === 1 && version === undefined;
      return columns.every(({ name, shape, data }) => {
        const output = outputs[isNameless ? '' : name] ?? { data: [] };
        const sameShape = output.shape === undefined || String(output.shape) === String(shape);
        return sameShape && output.data.length === data.length && output.data.every((value, at) => value === data[at]);
      });
    });
    const first = this.inputs.map(({ name, data }) => `${name} ${data.slice(0, 8)}`);
    return right ? undefined : this.tell(`wrong outputs ${JSON.stringify(outputs).slice(0, 300)} for ${first}`);
  }

  private tell(what: string): string {
    const { model, ...rest } = this.traffic;
    return `${what}: ${JSON.stringify({ model: model.name, ...rest })}`;
  }
}

/** HTTP statuses that codes of gRPC stand for. */
const STATUSES: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 429,
  DEADLINE_EXCEEDED: 504,
};

function wider({ datatype, shape }: Column): (number | string)[] {
  return Array.from({ length: shape[1] + 1 }, () => (datatype === 'BYTES' ? '1' : 1));
}

/** Inputs with a fault in them. */
function damaged(columns: readonly Column[], fault: Traffic['fault']): readonly Column[] {
  const [first, ...others] = columns;
  const [rows, width] = first.shape;
  switch (fault) {
    case 'name':
      return [{ ...first, name: 'nobody' }, ...others];
    case 'width':
      return [
        { ...first, shape: [rows, width + 1], data: Array.from({ length: rows }, () => wider(first)).flat() },
        ...others,
      ];
    case 'element':
      // Text that is no number fails in the model; of numbers there is one too few.
      return first.datatype === 'BYTES'
        ? [{ ...first, data: ['soon', ...first.data.slice(1)] }]
        : [{ ...first, data: first.data.slice(1) }, ...others];
    default:
      return columns;
  }
}
