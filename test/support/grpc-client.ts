import { join } from 'node:path';
import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** How a call ended. */
export interface Outcome {
  /** Name of the status, for example `INVALID_ARGUMENT`. */
  readonly code: string;
  readonly details: string;

  /** Trailing metadata. */
  readonly trailer: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at messages of any form
  readonly message?: any;
}

/** An input as a request has it. */
export interface GrpcInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly (number | string)[];
  readonly contents?: Record<string, unknown>;
  readonly parameters?: Record<string, unknown>;
}

const LOADER = { keepCase: true, longs: String, enums: String, bytes: Buffer } as const;

/** The services as the conformance pack describes them: what the server reads and writes by hand is checked by others. */
const PROTOCOL = join(__dirname, '../../conformance/protocol');

/** The description of the inference service. */
export const INFERENCE_PROTO = join(PROTOCOL, 'open_inference.proto');
const inference = loadSync(INFERENCE_PROTO, LOADER);
const health = loadSync(join(PROTOCOL, 'health.proto'), LOADER);

/** A client of the gRPC port, with a connection of its own. */
export class GrpcClient {
  private readonly inference: Client;
  private readonly health: Client;
  private readonly methods: Map<string, Client>;

  /**
   * @param address `host:port`
   * @param secure credentials of TLS; plain TCP without
   */
  constructor(address: string, options: ChannelOptions = {}, secure: ChannelCredentials = INSECURE) {
    const own = { 'grpc.use_local_subchannel_pool': 1, ...options };
    this.inference = new (serviceOf(inference, 'inference', 'GRPCInferenceService'))(address, secure, own);
    this.health = new (serviceOf(health, 'grpc', 'health', 'v1', 'Health'))(address, secure, own);
    this.methods = new Map([['Check', this.health]]);
  }

  /** Calls a method that has one message each way. */
  call(
    method: string,
    request: object,
    metadata: Record<string, string> = {},
    options: CallOptions = {},
  ): Promise<Outcome> {
    return this.start(method, request, metadata, options).outcome;
  }

  /** Starts a call that can be cancelled. */
  start(method: string, request: object, metadata: Record<string, string> = {}, options: CallOptions = {}) {
    const client = this.methods.get(method) ?? this.inference;
    const sent = new Metadata();
    for (const [name, value] of Object.entries(metadata)) {
      sent.set(name, value);
    }
    let cancel = (): void => undefined;
    const outcome = new Promise<Outcome>((resolve) => {
      let message: unknown;
      // biome-ignore lint/suspicious/noExplicitAny: the methods of a client are made at run time
      const call = (client as any)[method](request, sent, options, (_error: unknown, answer: unknown) => {
        message = answer;
      });
      call.on('status', ({ code, details, metadata }: { code: number; details: string; metadata: Metadata }) => {
        // The status comes before the callback.
        setImmediate(() => resolve({ code: status[code], details, trailer: metadata.getMap(), message }));
      });
      cancel = () => call.cancel();
    });
    return { outcome, cancel: () => cancel() };
  }

  /** `ModelInfer`. */
  infer(
    model: string,
    inputs: readonly GrpcInput[],
    rest: Record<string, unknown> = {},
    metadata: Record<string, string> = {},
    options: CallOptions = {},
  ): Promise<Outcome> {
    return this.call('ModelInfer', { model_name: model, inputs, ...rest }, metadata, options);
  }

  /** Watches a service of the health protocol. */
  watch(service: string): ClientReadableStream<{ status: string }> {
    // biome-ignore lint/suspicious/noExplicitAny: the methods of a client are made at run time
    return (this.health as any).Watch({ service });
  }

  close(): void {
    this.inference.close();
    this.health.close();
  }
}

const INSECURE = credentials.createInsecure();

// biome-ignore lint/suspicious/noExplicitAny: what is loaded has no type
function serviceOf(definition: any, ...path: string[]): ServiceClientConstructor {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return path.reduce<any>((inner, name) => inner[name], loadPackageDefinition(definition));
}
