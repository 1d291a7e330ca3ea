import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCommand } from '../support/command';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { GrpcClient, type GrpcInput, type Outcome } from '../support/grpc-client';
import { RawGrpc } from '../support/grpc-raw';
import { configOf, fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { temporaryDirectory } from '../support/temporary';

const ROW: GrpcInput = { name: 'input', datatype: 'FP32', shape: [1, 4], contents: { fp32_contents: [5, 3, 1, 0] } };
const REAL = { limits: { lastRequestsMillis: 1000 } };

/** A client that keeps calls going on one connection, until one is refused because nobody listens any more. */
class Caller {
  readonly outcomes: Outcome[] = [];
  readonly done: Promise<unknown>;
  private left = false;

  constructor(
    readonly client: GrpcClient,
    model: string,
    parallel = 4,
  ) {
    this.done = Promise.all(Array.from({ length: parallel }, () => this.run(model)));
  }

  /** Starts no further calls: new ones go elsewhere. */
  leave(): void {
    this.left = true;
  }

  private async run(model: string): Promise<void> {
    while (!this.left) {
      this.outcomes.push(await this.client.infer(model, [ROW]));
    }
  }
}

describe('drain of the gRPC port', () => {
  const directory = temporaryDirectory();
  const clientOf = ({ predictor }: TestPredictor) => new GrpcClient(`127.0.0.1:${predictor.addresses.grpc.port}`);

  it('loses no call under load on several connections, when another server takes the next ones', async () => {
    const models = () => [fixture('mlp.onnx'), fixture('slow.onnx')];
    const [leaving, staying] = [await startTestPredictor(models(), {}, REAL), await startTestPredictor(models())];
    const ports = [leaving, staying].map(({ predictor }) => `127.0.0.1:${predictor.addresses.grpc.port}`);
    const callers = Array.from(
      { length: 8 },
      (_, index) => new Caller(new GrpcClient(`ipv4:${ports.join(',')}`), index % 2 === 0 ? 'mlp' : 'slow'),
    );
    const taken = async (server: TestPredictor) => {
      const counts = (await server.metrics()).matchAll(/requests_total\{.*protocol="grpc",code="2xx"\} (\d+)/g);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    await eventually('load on the first server', async () => (await taken(leaving)) > 200);

    await leaving.predictor.drain();
    const before = await taken(staying);
    await eventually('load on the second server', async () => (await taken(staying)) > before + 200);
    for (const caller of callers) {
      caller.leave();
    }
    await Promise.all(callers.map(({ done }) => done));
    for (const { client, outcomes } of callers) {
      expect(outcomes.filter(({ code }) => code !== 'OK')).toEqual([]);
      client.close();
    }
  });

  it('tells clients to go, answers what is in flight and what still comes, and says that it does not serve', async () => {
    const alone = { batching: { maxBatchSize: 1 } };
    const server = await startTestPredictor([fixture('slow.onnx', alone)], {}, REAL);
    const { port } = server.predictor.addresses.grpc;
    const client = clientOf(server);
    const watch = client.watch('slow');
    const seen: string[] = [];
    watch.on('data', ({ status }) => seen.push(status));
    watch.on('error', ({ code }: Error & { code?: number }) => seen.push(`ended with ${code}`));
    const early = new RawGrpc(port);
    expect(await early.send('ServerReady', new Uint8Array())).toMatchObject({ 'grpc-status': '0' });
    await eventually('the watch', () => seen.length > 0);
    expect((await client.infer('slow', [ROW])).code).toBe('OK');

    const inFlight = Array.from({ length: 20 }, () => client.infer('slow', [ROW]));
    await eventually('calls in flight', async () => !/requests_in_flight 0/.test(await server.metrics()));
    const drained = server.predictor.drain();
    expect(await early.goaway).toBe(1);
    const late = new RawGrpc(port);
    expect(await late.send('ModelReady', Buffer.from([0x0a, 4, ...Buffer.from('slow')]))).toMatchObject({
      'grpc-status': '0',
    });
    expect((await Promise.all(inFlight)).filter(({ code }) => code !== 'OK')).toEqual([]);
    await drained;
    await eventually('all connections to be closed', () => early.closed && late.closed);
    await eventually('the end of the watch', () => seen.length > 2);
    expect(seen).toEqual(['SERVING', 'NOT_SERVING', 'ended with 14']);
    client.close();
  });

  it('does not wait for connections that bring nothing, nor for the reflection of a tool', async () => {
    const server = await startTestPredictor([fixture('mlp.onnx')]);
    const idle = new RawGrpc(server.predictor.addresses.grpc.port);
    await idle.send('ServerLive', new Uint8Array());
    const open = new RawGrpc(server.predictor.addresses.grpc.port);
    void open.open('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
    await open.send('ServerLive', new Uint8Array());

    await server.predictor.drain();
    await eventually('both to be closed', () => idle.closed && open.closed);
  });

  it('cuts what does not end, and fails', async () => {
    const server = await startTestPredictor([fixture('mlp.onnx')], { drainTimeoutMillis: 200 });
    const stuck = new RawGrpc(server.predictor.addresses.grpc.port);
    void stuck.open();
    await stuck.send('ServerLive', new Uint8Array());
    await expect(server.predictor.drain()).rejects.toMatchObject({ name: 'DrainTimeoutError', exitCode: 1 });
    await eventually('the connection to be cut', () => stuck.closed);
  });

  it('ends a real process with 0, and every call that it took is answered', async () => {
    const [httpPort, grpcPort, metricsPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const config = join(directory, 'config.json');
    writeFileSync(config, JSON.stringify(configOf([fixture('slow.onnx')], { httpPort, grpcPort, metricsPort })));
    const process = startCommand(['predictor', '--config', config], { env: { MODEL_SERVING_HOST: '127.0.0.1' } });
    await eventually('readiness', async () => (await fetch(`http://127.0.0.1:${httpPort}/v2/health/ready`)).ok);
    const callers = Array.from({ length: 6 }, () => new Caller(new GrpcClient(`127.0.0.1:${grpcPort}`), 'slow'));
    await eventually('load', () => callers.every(({ outcomes }) => outcomes.length >= 8));

    process.child.kill('SIGTERM');
    for (const caller of callers) {
      caller.leave();
    }
    await Promise.all(callers.map(({ done }) => done));
    expect(await process.ended).toBe(0);
    expect(callers.flatMap(({ outcomes }) => outcomes).filter(({ code }) => code !== 'OK')).toEqual([]);
    for (const { client } of callers) {
      client.close();
    }
  });
});
