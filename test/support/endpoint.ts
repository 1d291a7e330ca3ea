import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BodyReader } from '../../runtime/src/online/http/body';
import { PredictEndpoint, type PredictEndpointOptions } from '../../runtime/src/online/http/exchange';
import { Responder } from '../../runtime/src/online/http/responder';
import { V2Codec, WIRE_LIMITS } from '../../runtime/src/protocol';
import type { Job } from '../../runtime/src/scheduling';
import { type Logger, ServingMetrics } from '../../runtime/src/telemetry';
import { modelConfig, sha256 } from './serving-config';

/** What the endpoint takes and answers. */
export const SIGNATURE = {
  inputs: [{ name: 'x', datatype: 'FP32' as const, shape: [-1, 1], symbols: [] }],
  outputs: [{ name: 'y', datatype: 'FP32' as const, shape: [-1, 1], symbols: [] }],
};

/** One endpoint of V2 over HTTP, before a model that a test plays: input `x` and output `y`, FP32 `[-1, 1]`. */
export class TestEndpoint {
  readonly metrics = new ServingMetrics();
  readonly warnings: object[] = [];
  private server: Server | undefined;
  private url = '';

  /** @param evaluate answers a job */
  constructor(
    private readonly evaluate: (job: Job) => void,
    private readonly options: Partial<PredictEndpointOptions> = {},
  ) {}

  async start(): Promise<void> {
    const note = (line: object) => this.warnings.push(line);
    const meters = this.metrics.forModel(modelConfig({ path: '/model', sha256: sha256('') }));
    const endpoint = new PredictEndpoint({
      context: {
        bodies: new BodyReader({ bodyBytes: 1_000_000, receivingBytes: 1_000_000 }),
        responder: new Responder(),
        metrics: this.metrics,
        logger: { warn: note, error: note } as unknown as Logger,
      },
      codec: new V2Codec(SIGNATURE, 'm', '1', WIRE_LIMITS),
      inference: { submit: (job) => this.evaluate(job) },
      meter: meters.requests.v2,
      timeLimitMillis: 10_000,
      ...this.options,
    });
    this.server = createServer((request, response) => endpoint.handle(request, response));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Sends a request of one row. */
  async send(headers: Record<string, string> = {}, rest: object = {}): Promise<Response> {
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [7] }];
    return fetch(this.url, { method: 'POST', headers, body: JSON.stringify({ inputs, ...rest }) });
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}
