import fc from 'fast-check';
import { METRICS, type ModelConfig } from '../../lib/contract';
import { BATCHER_LIMITS } from '../../runtime/src/scheduling';
import { eventually } from '../support/eventually';
import { GrpcClient } from '../support/grpc-client';
import { PipelinedConnection } from '../support/pipelined-http';
import { startTestPredictor, type TestPredictor } from '../support/predictor';
import { temporaryDirectory } from '../support/temporary';
import { Exchange, type Traffic, traffic } from '../support/traffic';
import { trafficConfigs } from '../support/traffic-files';

const HTTP_CONNECTIONS = 24;
const GRPC_CONNECTIONS = 6;

/** Requests that are under way on one connection at a time: from 1 to this, and for gRPC always this. */
const MOST_UNDER_WAY = 4;
const RUNS = 6;
const REQUESTS = { minLength: 600, maxLength: 800 };
const GZIP = 2;

/** The requests take a few seconds where nothing else runs. */
const SLOW_MACHINE_MILLIS = 120_000;

interface Statistics {
  readonly inference_stats: { readonly cache_hit: { readonly count: number } };
  readonly batch_stats: readonly { readonly compute_input: { readonly ns: number } }[];
}

describe('any traffic at all', () => {
  const { steady, hot } = trafficConfigs(temporaryDirectory());
  let declared: ModelConfig[] = [...steady, hot.two];
  let server: TestPredictor;
  let connections: PipelinedConnection[];
  let clients: GrpcClient[];

  /** How often requests ended in which way. */
  const outcomes = new Map<string, number>();

  beforeAll(async () => {
    server = await startTestPredictor(
      declared,
      // No time limit and no bound of the queue but those that requests bring themselves.
      { management: { port: 0 }, requestTimeoutMillis: 120_000, drainTimeoutMillis: 20_000 },
      {
        declaredNow: async () => declared,
        limits: {
          lastRequestsMillis: 1000,
          batcher: { ...BATCHER_LIMITS, queuedRequests: 10_000, queuedRows: 10_000_000, queuedBytes: 2 ** 30 },
        },
      },
    );
    const open = () => PipelinedConnection.open(server.port);
    connections = await Promise.all(Array.from({ length: HTTP_CONNECTIONS }, open));
    const address = `127.0.0.1:${server.predictor.addresses.grpc.port}`;
    clients = Array.from(
      { length: GRPC_CONNECTIONS },
      (_, index) => new GrpcClient(address, { 'grpc.default_compression_algorithm': index === 0 ? GZIP : 0 }),
    );
  });
  afterAll(() => {
    for (const client of clients) {
      client.close();
    }
    for (const connection of connections) {
      connection.destroy();
    }
  });

  /** Sends all requests over all connections; returns what was wrong with their answers. */
  async function send(requests: readonly Traffic[], halfway: () => void): Promise<string[]> {
    const wrong: string[] = [];
    let left = requests.length;
    const http = requests.filter(({ form }) => !form.startsWith('grpc')).values();
    const grpc = requests.filter(({ form }) => form.startsWith('grpc')).values();
    const each = async (one: Traffic, exchange: (own: Exchange) => Promise<string | undefined>) => {
      left -= 1;
      if (left === requests.length >> 1) {
        halfway();
      }
      const own = new Exchange(one);
      const fault = await told(exchange(own));
      if (fault !== undefined) {
        wrong.push(fault);
      }
      outcomes.set(own.outcome, (outcomes.get(own.outcome) ?? 0) + 1);
    };
    const overHttp = async (connection: PipelinedConnection) => {
      for (const one of http) {
        await each(one, async (own) =>
          own.overHttp(one.leavesAfter === undefined ? connection : await PipelinedConnection.open(server.port)),
        );
      }
    };
    const overGrpc = async (client: GrpcClient) => {
      for (const one of grpc) {
        await each(one, (own) => own.overGrpc(client));
      }
    };
    await Promise.all([
      ...connections.flatMap((connection, index) =>
        Array.from({ length: (index % MOST_UNDER_WAY) + 1 }, () => overHttp(connection)),
      ),
      ...clients.flatMap((client) => Array.from({ length: MOST_UNDER_WAY }, () => overGrpc(client))),
    ]);
    return wrong;
  }

  /** The values of all series of a metric. */
  async function valuesOf(metric: string): Promise<number[]> {
    const lines = (await server.metrics())
      .split('\n')
      .filter((line) => line.startsWith(metric) && !line.startsWith('#'));
    expect(lines).not.toEqual([]);
    return lines.map((line) => Number(line.slice(line.lastIndexOf(' '))));
  }

  async function load(...versions: ModelConfig[]): Promise<number> {
    declared = [...steady, ...versions];
    const url = `http://127.0.0.1:${server.predictor.addresses.management?.port}/v2/repository/models/hot/load`;
    return (await fetch(url, { method: 'POST' })).status;
  }

  it(
    'gets the answers to its own requests, each one, while models are replaced',
    async () => {
      let turn = 0;
      let total = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(traffic, REQUESTS), async (requests) => {
          turn += 1;
          total += requests.length;
          const first = turn % 2 === 0 ? hot.two : hot.three;
          let loaded: Promise<number> | undefined;
          const wrong = await send(requests, () => {
            loaded = turn % 2 === 0 ? load(first) : load(first, hot.five);
          });
          expect(wrong.slice(0, 5)).toEqual([]);
          expect(await loaded).toBe(200);
          expect(connections.filter(({ ended, surplus }) => ended || surplus > 0)).toEqual([]);
        }),
        // A smaller example of what depends on time says less than the seed, which the failure names.
        { numRuns: RUNS, endOnFailure: true },
      );
      expect(total).toBeGreaterThan(3000);
      await eventually('nothing is in flight', async () => (await valuesOf(METRICS.inFlight)).join() === '0');
      for (const queue of [METRICS.queuedRequests, METRICS.queuedRows, METRICS.queueAge]) {
        expect(new Set(await valuesOf(queue))).toEqual(new Set([0]));
      }
    },
    SLOW_MACHINE_MILLIS,
  );

  it('has met shared runs, worker threads, the response cache, a second version, and clients that left', async () => {
    const metrics = await server.metrics();
    expect(metrics).toContain(`${METRICS.placement}{model="heavy",version="1",placement="worker"} 1`);
    // Which ones stay in the event loop is measured, and depends on the machine.
    expect(metrics).toMatch(new RegExp(`${METRICS.placement}{.*placement="inline"} 1`));
    const { body } = await server.get('/v2/models/stats');
    const statistics = new Map<string, Statistics>(
      body.model_stats.map((each: Statistics & { name: string; version: string }) => [
        `${each.name}/${each.version}`,
        each,
      ]),
    );
    for (const name of ['forest/1', 'heavy/1', 'pair/1', 'text/1', 'hot/1']) {
      // Only for a run that several requests share are rows put together.
      const shared = statistics.get(name)?.batch_stats.some(({ compute_input }) => compute_input.ns > 0);
      expect([name, shared]).toEqual([name, true]);
    }
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['200 hot/1', '200 hot/2', '400', '404', 'left']));
    const good = [...outcomes].reduce((sum, [outcome, count]) => sum + (outcome.startsWith('200') ? count : 0), 0);
    expect(good).toBeGreaterThan(2000);
    expect(statistics.get('cached/1')?.inference_stats.cache_hit.count).toBeGreaterThan(10);
  });

  it('is answered to its end when the server goes', async () => {
    const requests = fc
      .sample(traffic, { numRuns: 400, seed: 1 })
      .filter(({ leavesAfter }) => leavesAfter === undefined);
    const http = requests.filter(({ form }) => !form.startsWith('grpc')).slice(0, HTTP_CONNECTIONS);
    const grpc = requests.filter(({ form }) => form.startsWith('grpc')).slice(0, 60);
    const under = Promise.all([
      ...http.map((one, index) => told(new Exchange(one).overHttp(connections[index]))),
      ...grpc.map((one, index) => told(new Exchange(one).overGrpc(clients[index % clients.length]))),
    ]);
    await server.predictor.drain();
    expect((await under).filter((wrong) => wrong !== undefined)).toEqual([]);
    await expect(PipelinedConnection.open(server.port)).rejects.toThrow('ECONNREFUSED');
  });
});

/** What is wrong, also when no answer came. */
function told(exchange: Promise<string | undefined>): Promise<string | undefined> {
  return exchange.catch((error: Error) => error.message);
}
