import { writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { startCommand } from '../support/command';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { configOf, fixture, listenTestPredictor, startTestPredictor } from '../support/predictor';
import { RawConnection } from '../support/raw-http';
import { temporaryDirectory } from '../support/temporary';

const ROW = [5.1, 3.5, 1.4, 0.2];
const BODY = JSON.stringify({ instances: [ROW] });
const PREDICT = `POST /v1/models/slow:predict HTTP/1.1\r\nHost: test\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

/** Limits of a real predictor for what a drain waits for. */
const REAL = { limits: { lastRequestsMillis: 1000 } };

interface Outcome {
  status?: number;
  closes: boolean;
  error?: Error;
}

/** A keep-alive client that sends one request after the other until it is told to leave. */
class Client {
  readonly outcomes: Outcome[] = [];
  readonly done: Promise<void>;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(port: number, model: string) {
    this.done = this.run(port, model);
  }

  private async run(port: number, model: string): Promise<void> {
    for (;;) {
      const outcome = await this.send(port, model);
      this.outcomes.push(outcome);
      if (outcome.closes || outcome.error !== undefined) {
        this.agent.destroy();
        return;
      }
    }
  }

  private send(port: number, model: string): Promise<Outcome> {
    return new Promise((resolve) => {
      const path = `/v1/models/${model}:predict`;
      const sent = request({ agent: this.agent, host: '127.0.0.1', port, path, method: 'POST' }, (response) => {
        response.resume();
        response.on('end', () => resolve({ status: response.statusCode, closes: closes(response) }));
      });
      sent.on('error', (error) => resolve({ closes: false, error }));
      sent.end(BODY);
    });
  }
}

function closes({ headers }: IncomingMessage): boolean {
  return headers.connection === 'close';
}

describe('drain', () => {
  const directory = temporaryDirectory();

  it('loses no request under keep-alive load', async () => {
    const server = await startTestPredictor([fixture('mlp.onnx'), fixture('slow.onnx')], {}, REAL);
    const clients = Array.from({ length: 24 }, (_, index) => new Client(server.port, index % 2 === 0 ? 'mlp' : 'slow'));
    await eventually('load', () => clients.every(({ outcomes }) => outcomes.length >= 5));

    await server.predictor.drain();
    await Promise.all(clients.map(({ done }) => done));

    for (const { outcomes } of clients) {
      expect(outcomes.filter(({ status, error }) => status !== 200 || error !== undefined)).toEqual([]);
      expect(outcomes.at(-1)?.closes).toBe(true);
    }
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('answers what is in flight and what still comes, says that it is not ready, and closes connections', async () => {
    const server = await startTestPredictor([fixture('slow.onnx')], {}, REAL);
    const busy = await RawConnection.open(server.port);
    const idle = await RawConnection.open(server.port);
    busy.write(PREDICT);
    const drained = server.predictor.drain();

    idle.write('GET /v2/health/ready HTTP/1.1\r\nHost: test\r\n\r\n');
    const late = await RawConnection.open(server.port);
    late.write(PREDICT);
    expect(await idle.close()).toMatch(/^HTTP\/1\.1 503 [\s\S]*connection: close[\s\S]*\{"ready":false\}$/i);
    expect(await busy.close()).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*predictions/i);
    expect(await late.close()).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close/i);
    await drained;
  });

  it('closes connections that bring nothing', async () => {
    const server = await startTestPredictor([fixture('mlp.onnx')], {}, REAL);
    const idle = await RawConnection.open(server.port);
    idle.write(PREDICT.replace('slow', 'mlp'));
    await idle.answers(1);

    await server.predictor.drain();
    await idle.close();
  });

  it('is done once, however often it is asked for', async () => {
    const server = await startTestPredictor([fixture('mlp.onnx')]);
    await Promise.all([server.predictor.drain(), server.predictor.drain()]);
    await server.predictor.drain();
  });

  it('cuts connections and fails with exit code 1 when its time is over', async () => {
    const server = await startTestPredictor([fixture('slow.onnx', { batching: { maxBatchSize: 1 } })], {
      drainTimeoutMillis: 100,
    });
    const connections = await Promise.all(Array.from({ length: 60 }, () => RawConnection.open(server.port)));
    for (const connection of connections) {
      connection.write('GET /v2/health/live HTTP/1.1\r\nHost: test\r\n\r\n');
      await connection.answers(1);
    }
    for (const connection of connections) {
      connection.write(PREDICT);
    }
    await eventually('the first answer', () => connections.some(({ statuses }) => statuses.length > 1));

    await expect(server.predictor.drain()).rejects.toMatchObject({ name: 'DrainTimeoutError', exitCode: 1 });
    await Promise.all(connections.map((connection) => connection.close()));
  });

  it('does not wait for all models when it comes while they are loading', async () => {
    const many = Array.from({ length: 50 }, (_, index) => fixture('slow.onnx', { name: `slow-${index}` }));
    const server = await listenTestPredictor(many);
    await server.predictor.drain();
    await server.predictor.ready;
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('ends a real process with 0 in the middle of runs, without losing a request', async () => {
    const [httpPort, grpcPort, metricsPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const config = join(directory, 'config.json');
    const ports = { httpPort, grpcPort, metricsPort };
    writeFileSync(config, JSON.stringify(configOf([fixture('slow.onnx')], ports)));
    const predictor = startCommand(['predictor', '--config', config], { env: { MODEL_SERVING_HOST: '127.0.0.1' } });
    const ready = async () => (await fetch(`http://127.0.0.1:${httpPort}/v2/health/ready`)).ok;
    await eventually('readiness', ready);
    const clients = Array.from({ length: 16 }, () => new Client(httpPort, 'slow'));
    await eventually('load', () => clients.every(({ outcomes }) => outcomes.length >= 3));

    predictor.child.kill('SIGTERM');
    predictor.child.kill('SIGTERM');
    expect(await predictor.ended).toBe(0);
    await Promise.all(clients.map(({ done }) => done));
    const failed = clients.flatMap(({ outcomes }) => outcomes).filter(({ status }) => status !== 200);
    expect(failed).toEqual([]);
  });
});
