import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { KAFKA, KAFKA_START_MILLIS, type Kafka, startKafka } from '../../test/services/kafka';
import { eventually } from '../../test/support/eventually';
import { forSnapshot, manifestsOf, synthesize } from '../../test/support/example';
import { type RunningManifests, runManifests } from '../../test/support/local-run';
import type { Manifest } from '../../test/support/manifests';
import { describeWith } from '../../test/support/requires';
import python from './predictions.json';

const TOLERANCE = 1e-5;

let manifests: string;
let objects: Manifest[];

beforeAll(() => {
  manifests = synthesize('log-anomaly');
  objects = manifestsOf(manifests);
});

afterAll(() => {
  rmSync(manifests, { recursive: true, force: true });
});

test('synthesizes the same manifests as before', () => {
  expect(forSnapshot(objects)).toMatchSnapshot();
});

test('every number of a log line that Python knows is a field, and every topic is made', () => {
  const config = JSON.parse(
    objects.find(({ metadata, data }) => metadata.name.startsWith('log-anomaly-config') && data).data['config.json'],
  );
  expect(config.input.inputs[0].pointers).toEqual(python.fields.map((field) => `/${field}`));
  const { containers } = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'kafka').spec
    .template.spec;
  for (const { topic } of [config.source, config.sink, config.deadLetter]) {
    expect(containers[0].command.join()).toContain(`--topic ${topic} `);
  }
});

test('generated lines are what the consumer reads, some unusual, some broken', () => {
  const lines = generate('--lines', '500', '--broken', '0.1', '--unusual', '0.1');
  expect(lines).toHaveLength(500);
  const read = lines.flatMap((line) => {
    const [host, text = ''] = line.split('\t');
    const value = parsed(text);
    return value === undefined ? [] : [{ host, value }];
  });
  expect(read.length).toBeGreaterThan(400);
  expect(read.length).toBeLessThan(500);
  for (const { host, value } of read) {
    expect(value.host).toBe(host);
    expect(python.fields.filter((field) => typeof value[field] !== 'number')).toEqual([]);
  }
  expect(generate('--lines', '500', '--broken', '0.1', '--unusual', '0.1')).toEqual(lines);
});

describeWith('its manifests, run on this machine with a Kafka', KAFKA, () => {
  let kafka: Kafka;
  let running: RunningManifests;

  beforeAll(async () => {
    kafka = await startKafka();
    for (const topic of ['logs', 'anomalies', 'logs.dead-letter']) {
      await kafka.client.createTopic(topic, 12);
    }
    running = await runManifests(manifests, '--service', `kafka=${kafka.bootstrapServers}`);
  }, KAFKA_START_MILLIS + 60_000);

  afterAll(async () => {
    expect(await running.stop()).toBe(0);
  });

  test('lines become the scores of Python, once and in the order of their hosts, and a broken one a dead letter', async () => {
    const lines = python.lines.map((numbers, index) => ({
      key: `web-${index % 7}`,
      value: JSON.stringify({
        id: `r${index}`,
        host: `web-${index % 7}`,
        ...Object.fromEntries(python.fields.map((field, column) => [field, numbers[column]])),
      }),
    }));
    await kafka.client.produce('logs', [...lines, { key: 'web-0', value: '{"id": "broken' }]);
    const [anomalies, dead] = await eventually('every line has an answer', async () => {
      // Of transactions that are committed.
      const found = [await kafka.client.records('anomalies'), await kafka.client.records('logs.dead-letter')];
      return found.flat().length > lines.length && found;
    });
    const answers = (anomalies ?? []).map(({ key, value }) => ({ key, ...JSON.parse(String(value)) }));
    const byId = new Map(answers.map((answer) => [answer.id, answer]));
    expect(answers).toHaveLength(lines.length);
    python.predictions.forEach(({ score, anomaly }, index) => {
      const answer = byId.get(`r${index}`);
      expect(answer).toMatchObject({ host: `web-${index % 7}`, anomaly });
      expect(Math.abs(answer.score - score)).toBeLessThanOrEqual(TOLERANCE * Math.max(1, score));
    });
    for (const host of new Set(answers.map(({ key }) => key))) {
      const ids = answers.filter(({ key }) => key === host).map(({ id }) => Number(id.slice(1)));
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
    }
    expect(dead?.map(({ value, headers }) => ({ value: String(value), ...headers }))).toMatchObject([
      { value: '{"id": "broken', 'model-serving-error-class': 'decode' },
    ]);
  });
});

function generate(...options: string[]): string[] {
  const tsx = join(__dirname, '../../node_modules/.bin/tsx');
  const text = execFileSync(tsx, [join(__dirname, 'generate-logs.ts'), ...options], { encoding: 'utf8' });
  return text.split('\n').filter((line) => line !== '');
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
