import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { TracingConfig } from '../../lib/contract';
import { contextOf } from '../../runtime/src/tracing/trace-context';
import { type RunningCommand, startCommand } from '../support/command';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { configOf, fixture } from '../support/predictor';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: { code?: number };
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: { key: string; value: Record<string, unknown> }[];
}

/** A collector: it keeps the spans that it gets. */
class Collector {
  readonly spans: ReceivedSpan[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(pieces).toString());
        this.headers.push(request.headers);
        // biome-ignore lint/suspicious/noExplicitAny: the form of the protocol
        this.spans.push(...body.resourceSpans.flatMap((r: any) => r.scopeSpans.flatMap((s: any) => s.spans)));
        response.setHeader('content-type', 'application/json');
        response.end('{}');
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1/traces`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const attributes = ({ attributes: list }: ReceivedSpan) =>
  Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));

describe('traces', () => {
  const collector = new Collector();
  let url: string;

  beforeAll(async () => {
    url = await collector.listen();
  });

  afterAll(() => collector.close());

  beforeEach(() => {
    collector.spans.length = 0;
    collector.headers.length = 0;
  });

  const running: RunningCommand[] = [];

  afterEach(async () => {
    for (const { child, ended } of running.splice(0)) {
      child.kill('SIGKILL');
      await ended;
    }
  });

  /** The command itself: the exporter loads parts of its program in a way that a test runner cannot. */
  async function predictor(tracing: Partial<TracingConfig> = {}) {
    const [httpPort, grpcPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
    const config = configOf([fixture('mlp.onnx', { name: 'iris' })], {
      httpPort,
      grpcPort,
      metricsPort,
      tracing: { url, sampleRatio: 1, ...tracing },
    });
    const file = join(mkdtempSync(join(tmpdir(), 'tracing-')), 'config.json');
    writeFileSync(file, JSON.stringify(config));
    const command = startCommand(['predictor', '--config', file], { env: { MODEL_SERVING_HOST: '127.0.0.1' } });
    running.push(command);
    const base = `http://127.0.0.1:${httpPort}`;
    await eventually('the predictor is ready', async () => (await fetch(`${base}/v2/health/ready`)).status === 200);
    return {
      send: async (headers: Record<string, string> = {}) => {
        const body = JSON.stringify({ instances: [[1, 2, 3, 4]] });
        const answer = await fetch(`${base}/v1/models/iris:predict`, { method: 'POST', headers, body });
        await answer.text();
        return answer.status;
      },
      drain: async () => {
        command.child.kill('SIGTERM');
        return command.ended;
      },
    };
  }

  it("continue the sender's trace, with a span for the prediction and one below it for each stage", async () => {
    const server = await predictor({ sampleRatio: 0 });
    await server.send({ traceparent: `00-${TRACE}-${PARENT}-01`, 'x-request-id': 'r-1' });
    await server.drain();
    const [root] = collector.spans.filter(({ name }) => name === 'predict iris');
    expect(root).toMatchObject({ traceId: TRACE, parentSpanId: PARENT });
    expect(attributes(root)).toMatchObject({
      'model_serving.model': 'iris',
      'model_serving.version': '1',
      'model_serving.prediction_source': 'own',
      'model_serving.request_id': 'r-1',
      'http.response.status_code': 200,
    });
    const below = collector.spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
    expect(below.map(({ name }) => name)).toContain('inference');
    for (const { startTimeUnixNano, endTimeUnixNano } of below) {
      expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    }
  });

  it('are recorded as the sender decided, else by the declared share', async () => {
    const server = await predictor({ sampleRatio: 1 });
    await server.send({ traceparent: `00-${TRACE}-${PARENT}-00` });
    await server.send({ traceparent: 'rubbish' });
    await server.send();
    await server.drain();
    const roots = collector.spans.filter(({ name }) => name === 'predict iris');
    expect(roots).toHaveLength(2);
    expect(roots.every(({ traceId, parentSpanId }) => traceId !== TRACE && !parentSpanId)).toBe(true);
  });

  it('send the header Authorization from its file', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'tracing-')), 'authorization');
    writeFileSync(file, 'Bearer abc\n');
    const server = await predictor({ authorizationPath: file });
    await server.send();
    await server.drain();
    expect(collector.headers[0]?.authorization).toBe('Bearer abc');
  });

  it('cost no prediction when the collector cannot be reached', async () => {
    const server = await predictor({ url: 'http://127.0.0.1:9/v1/traces' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.send()));
    expect(answers).toEqual(Array(20).fill(200));
    expect(await server.drain()).toBe(0);
  });

  it('reach the collector while the server goes on', async () => {
    const server = await predictor();
    await server.send();
    await eventually('a span arrives', () => collector.spans.length > 0);
  });
});

describe('the header traceparent', () => {
  it.each([
    ['nothing', undefined],
    ['an invalid version', `ff-${TRACE}-${PARENT}-01`],
    ['zeros as the trace', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['zeros as the parent', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capital letters', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ])('is none with %s', (_what, header) => {
    expect(contextOf(header)).toBe(ROOT_CONTEXT);
  });

  it.each([
    ['a later version with more fields', `cc-${TRACE}-${PARENT}-01-what-comes`, 1],
    ['other flags', `00-${TRACE}-${PARENT}-fe`, 0],
  ])('is understood with %s', (_what, header, traceFlags) => {
    expect(trace.getSpanContext(contextOf(header))).toMatchObject({ traceId: TRACE, spanId: PARENT, traceFlags });
  });
});
