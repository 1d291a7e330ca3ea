import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually';
import { forSnapshot, manifestsOf, synthesize } from '../../test/support/example';
import { type RunningManifests, runManifests } from '../../test/support/local-run';
import { largestDifference, rowsOf } from '../../test/support/prediction';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../../test/support/redis-server';
import { describeWith } from '../../test/support/requires';
import python from './predictions.json';
import warmUp from './warm-up.json';

const TOLERANCE = 1e-6;
const KEY = { 'x-api-key': 'demo-key' };
const FEATURES = join(__dirname, 'features.redis');

interface V1Answer {
  readonly predictions: { readonly label: number; readonly probabilities: number[] }[];
}

interface V2Answer {
  readonly outputs: { readonly name: string; readonly data: number[] }[];
}

/** A transaction as a shop sends it: what the card did before is looked up. */
const asSent = ({ amount_avg_7d: _, tx_count_1h: __, ...sent }: (typeof python.instances)[number], card: string) => ({
  ...sent,
  card_id: card,
});
const payments = python.instances.map((transaction, index) =>
  asSent(transaction, `card-${String(index + 1).padStart(3, '0')}`),
);

/** An answer with its body, which has to be 200. */
async function answerOf<T>(sent: Promise<Response>): Promise<{ readonly headers: Headers; readonly body: T }> {
  const response = await sent;
  expect(response.status).toBe(200);
  return { headers: response.headers, body: (await response.json()) as T };
}

let manifests: string;

beforeAll(() => {
  manifests = synthesize('fraud-detection');
});

afterAll(() => {
  rmSync(manifests, { recursive: true, force: true });
});

test('synthesizes the same manifests as before', () => {
  expect(forSnapshot(manifestsOf(manifests))).toMatchSnapshot();
});

test('every card of the predictions has its features in the file for Redis', () => {
  const lines = python.instances.map(
    ({ amount_avg_7d, tx_count_1h }, index) =>
      `HSET card_id:${payments[index].card_id} amount_avg_7d ${amount_avg_7d} tx_count_1h ${tx_count_1h}\n`,
  );
  expect(readFileSync(FEATURES, 'utf8')).toBe(lines.join(''));
});

describeWith('its manifests, run on this machine with a Redis', REDIS_SERVER, () => {
  let redis: RedisServer;
  let running: RunningManifests;
  let url: string;

  beforeAll(async () => {
    redis = await startRedisServer();
    for (const line of readFileSync(FEATURES, 'utf8').trim().split('\n')) {
      await redis.command(...line.split(' '));
    }
    running = await runManifests(
      manifests,
      join(__dirname, 'local-secrets.yaml'),
      '--service',
      `redis=${redis.address}`,
    );
    url = `${running.url('fraud-detector')}/v1/models/fraud-detector:predict`;
  }, 60_000);

  afterAll(async () => {
    expect(await running.stop()).toBe(0);
  });

  const post = (address: string, body: object, headers: Record<string, string> = {}) =>
    fetch(address, { method: 'POST', body: JSON.stringify(body), headers: { ...KEY, ...headers } });

  /** Sends payments; the headers of the answer tell where it comes from. */
  const ask = (instances: object[], headers?: Record<string, string>) => post(url, { instances }, headers);

  /** The first answer of the model itself: on a busy machine others are answered undecided, or with defaults. */
  const decided = <T>(features: string, send: () => Promise<Response>) =>
    eventually(`the model decides, with features of the source ${features}`, async () => {
      const answer = await answerOf<T>(send());
      const [source, prediction] = ['x-feature-source', 'x-prediction-source'].map((name) => answer.headers.get(name));
      return source === features && prediction !== 'default' && answer;
    });

  test("answers payments over V1 as Python's onnxruntime does, with the features of their cards", async () => {
    const { body } = await decided<V1Answer>('store', () => ask(payments));

    const { predictions } = body;
    expect(predictions.map(({ label }) => label)).toEqual(python.predictions.label);
    expect(
      largestDifference(
        predictions.map(({ probabilities }) => probabilities),
        python.predictions.probabilities,
      ),
    ).toBeLessThanOrEqual(TOLERANCE);
  });

  test("answers payments over V2 as Python's onnxruntime does, one input for each value that is sent", async () => {
    const names = Object.keys(payments[0]) as (keyof (typeof payments)[number])[];
    const request = {
      inputs: names.map((name) => ({
        name,
        shape: [payments.length, 1],
        datatype: name === 'card_id' ? 'BYTES' : 'FP32',
        data: payments.map((payment) => payment[name]),
      })),
      outputs: [{ name: 'probabilities' }],
    };
    const infer = `${running.url('fraud-detector')}/v2/models/fraud-detector/infer`;
    const { body } = await decided<V2Answer>('store', () => post(infer, request));

    const { outputs } = body;
    expect(outputs.map(({ name }) => name)).toEqual(['probabilities']);
    expect(largestDifference(rowsOf(outputs[0].data, 2), python.predictions.probabilities)).toBeLessThanOrEqual(
      TOLERANCE,
    );
  });

  test('takes a card that the store lacks for one without history', async () => {
    const index = python.instances.findIndex((each) => each.amount_avg_7d === 0 && each.tx_count_1h === 0);
    const { body } = await decided<V1Answer>('default', () => ask([asSent(python.instances[index], 'no such card')]));

    const { predictions } = body;
    expect(
      largestDifference([predictions[0].probabilities], [python.predictions.probabilities[index]]),
    ).toBeLessThanOrEqual(TOLERANCE);
  });

  test('computes the same payment once in a moment', async () => {
    const payment = { ...payments[0], amount: 77.7 };
    // Each of the replicas keeps its own answers.
    await eventually('an answer comes from the cache', async () => {
      const response = await ask([payment]);
      return response.headers.get('x-prediction-source') === 'response-cache';
    });
  });

  test('refuses a payment without a key, and one that is sent with what is looked up', async () => {
    const anonymous = await fetch(url, { method: 'POST', body: JSON.stringify({ instances: payments }) });
    expect(anonymous.status).toBe(401);

    const complete = await ask(warmUp.instances.map((instance) => ({ ...instance, card_id: 'card-001' })));
    expect(complete.status).toBe(400);
    expect(await complete.json()).toEqual({ error: expect.stringContaining("'amount_avg_7d'") });
  });

  test('refuses a request of more values than are allowed', async () => {
    const response = await ask(Array(1200).fill(payments[0]));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringContaining('8000') });
  });

  test('records what was decided, and not who paid', async () => {
    const lines = await eventually('the predictions are recorded', () => {
      const text = running.files('predictions.jsonl').join('');
      return text.endsWith('\n') && text.trim().split('\n');
    });
    const event = JSON.parse(lines[0]);

    expect(event).toMatchObject({ specversion: '1.0', data: { model: { name: 'fraud-detector' } } });
    expect(event.data.outputs).toContainEqual(expect.objectContaining({ name: 'probabilities' }));
    expect(lines.join('')).not.toContain('card-001');
  });

  test('goes on with defaults when Redis is gone, and with its features when Redis is back', async () => {
    await redis.kill();
    const alone = await ask([payments[0]]);
    expect(alone.status).toBe(200);
    expect(alone.headers.get('x-feature-source')).toBe('default');

    await redis.restart();
    await redis.command('HSET', 'card_id:card-001', 'amount_avg_7d', '29.91', 'tx_count_1h', '0');
    await eventually('features come from the store again', async () => {
      const response = await ask([payments[0]]);
      return response.headers.get('x-feature-source') === 'store';
    });
  });

  test('answers undecided when there is no time to decide', async () => {
    // In so little time nothing can be looked up and computed, or everything can: both are answers.
    const response = await ask([payments[0]], { 'x-request-timeout-ms': '1' });
    expect(response.status).toBe(200);
    const { predictions } = (await response.json()) as V1Answer;
    const source = response.headers.get('x-prediction-source');
    expect(predictions[0].probabilities.length).toBe(2);
    expect(predictions[0].probabilities[0] === 0.5).toBe(source === 'default');
  });
});
