import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpSinkConfig } from '../../../lib/contract/stream-config';
import type { ClientContext, EventHeader, ProducedEvent } from '../../../runtime/src/streaming/event';
import { HttpEventSink } from '../../../runtime/src/streaming/http';
import { createLogger } from '../../../runtime/src/telemetry';
import { makeAuthority, OPENSSL } from '../../support/certificates';
import { describeWith } from '../../support/requires';
import { type Scripted, startScriptedServer } from '../scripted-server';

const directory = () => mkdtempSync(join(tmpdir(), 'http-sink-'));

function produced(
  index: number,
  more: Partial<ProducedEvent> & { named?: Record<string, string> } = {},
): ProducedEvent {
  const { named = {}, ...rest } = more;
  const headers = Object.entries(named).map(([name, value]): EventHeader => [name, Buffer.from(value)]);
  return { value: Buffer.from(`{"n":${index}}`), headers, id: `logs/0/${index}/abcdef012345`, index, ...rest };
}

async function sinkTo(url: string, config: Partial<HttpSinkConfig> = {}, patienceMillis?: number) {
  const retried: string[] = [];
  const context: ClientContext = {
    consumer: 'scorer',
    member: 'pod-0',
    logger: createLogger({ level: 'silent' }),
    onRetry: (error) => retried.push(String(error)),
  };
  const sink = new HttpEventSink(
    { type: 'http', url, timeoutMillis: 5000, maxConcurrency: 4, ...config },
    context,
    patienceMillis,
  );
  await sink.start();
  return { sink, retried };
}

describe('events over HTTP', () => {
  it('are CloudEvents, whatever their format: what is none gets its attributes in headers', async () => {
    const server = await startScriptedServer(() => [204]);
    const { sink } = await sinkTo(`${server.url}/in?a=1`, { maxConcurrency: 1 });
    expect(
      await sink.send([
        produced(0),
        produced(1, { named: { 'content-type': 'application/cloudevents+json', traceparent: '00-1' } }),
        produced(2, {
          named: {
            'content-type': 'application/json',
            ce_id: 'é%',
            ce_type: 't',
            ce_source: '/s',
            ce_specversion: '1.0',
            'model-serving-event-id': 'e',
          },
        }),
        produced(3, {
          named: {
            host: 'evil',
            'content-length': '1',
            'transfer-encoding': 'chunked',
            Authorization: 'x',
            'bad name': '1',
            note: 'a\r\nb: c',
            plain: 'a b',
          },
        }),
      ]),
    ).toEqual([]);
    await sink.stop();
    expect(server.asked.map(({ path, body }) => `${path} ${body}`)).toEqual(
      [0, 1, 2, 3].map((index) => `/in?a=1 {"n":${index}}`),
    );
    const [plain, structured, binary, hostile] = server.asked.map(({ headers }) => headers);
    const own = { 'ce-specversion': '1.0', 'ce-id': 'logs/0/0/abcdef012345', 'ce-source': '/streams/scorer' };
    expect(plain).toMatchObject({
      ...own,
      'ce-type': expect.any(String),
      'content-type': 'application/octet-stream',
      'content-length': '7',
    });
    expect(structured).toMatchObject({ 'content-type': 'application/cloudevents+json', traceparent: '00-1' });
    expect(Object.keys(structured).filter((name) => name.startsWith('ce'))).toEqual([]);
    expect(binary).toMatchObject({
      'ce-id': '%C3%A9%25',
      'ce-type': 't',
      'ce-source': '/s',
      'content-type': 'application/json',
      'model-serving-event-id': 'e',
    });
    expect(Object.keys(binary)).not.toContain('ce_id');
    expect(hostile).toMatchObject({
      host: server.url.slice('http://'.length),
      'content-length': '7',
      note: 'a%0D%0Ab:%20c',
      plain: 'a b',
    });
    expect(hostile.authorization).toBeUndefined();
    expect(server.connections).toBe(1);
  });

  it('are tried again until they are taken, as late as the receiver asks', async () => {
    const script: Scripted[] = [[503], 'cut', [429, '', { 'retry-after': '1' }], [408], [500, 'busy']];
    const times: number[] = [];
    const server = await startScriptedServer((_, count) => {
      times.push(performance.now());
      return script[count - 1] ?? [202];
    });
    const { sink, retried } = await sinkTo(server.url);
    expect(await sink.send([produced(0)])).toEqual([]);
    await sink.stop();
    expect(retried).toEqual([
      expect.stringContaining('503'),
      expect.stringContaining('hang up'),
      expect.stringContaining('429'),
      expect.stringContaining('408'),
      expect.stringContaining('500: busy'),
    ]);
    expect(times[3] - times[2]).toBeGreaterThanOrEqual(990);
    expect(new Set(server.asked.map(({ headers }) => headers['ce-id'])).size).toBe(1);
  });

  it('are tried again when no answer comes in time, and when nobody listens yet', async () => {
    const silent = await startScriptedServer((_, count) => (count === 1 ? 'silent' : [200]));
    const first = await sinkTo(silent.url, { timeoutMillis: 200 });
    expect(await first.sink.send([produced(0)])).toEqual([]);
    expect(first.retried).toEqual([expect.stringContaining('no answer within 200 ms')]);
    await first.sink.stop();
    const gone = await startScriptedServer(() => [200]);
    await gone.close();
    const second = await sinkTo(gone.url);
    const sent = second.sink.send([produced(0)]);
    const { port } = new URL(gone.url);
    await startScriptedServer(() => [200], { port: Number(port) });
    expect(await sent).toEqual([]);
    await second.sink.stop();
  });

  it('are refused one by one by what will never take them', async () => {
    const server = await startScriptedServer(({ body }) =>
      String(body).includes('1') ? [422, `no\n${'x'.repeat(500)}`] : [200],
    );
    const { sink, retried } = await sinkTo(server.url);
    const refusals = await sink.send([produced(0), produced(1), produced(2)]);
    expect(refusals).toHaveLength(3);
    expect(refusals.map((refusal) => refusal?.errorClass)).toEqual([undefined, 'encode', undefined]);
    expect(refusals[1]?.reason).toMatch(/^The receiver refused the event with 422: no x+…\.$/);
    expect(retried).toEqual([]);
    expect(server.asked).toHaveLength(3);
    await sink.stop();
  });

  it('keep their order for each key, while others go side by side; calls follow each other', async () => {
    const finished: string[] = [];
    let othersAreDone = () => {};
    const others = new Promise<void>((resolve) => {
      othersAreDone = resolve;
    });
    const server = await startScriptedServer(async ({ body, headers }) => {
      const text = `${headers['x-key']}${body}`;
      if (text === 'a0') {
        await others; // whoever overtakes it is seen
      }
      if (finished.push(text) === 16) {
        othersAreDone();
      }
      return [200];
    });
    const { sink } = await sinkTo(server.url, { maxConcurrency: 3 });
    const keyed = (index: number, key?: string) =>
      produced(index, {
        value: Buffer.from(String(index)),
        named: { 'x-key': key ?? '-' },
        ...(key && { key: Buffer.from(key) }),
      });
    const events = Array.from({ length: 24 }, (_, index) => keyed(index, ['a', 'b', undefined][index % 3]));
    await Promise.all([sink.send(events), sink.send([keyed(100, 'a'), keyed(101, 'b')])]);
    await sink.stop();
    const of = (key: string) => finished.filter((text) => text.startsWith(key)).map((text) => Number(text.slice(1)));
    expect(of('a')).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 100]);
    expect(of('b')).toEqual([1, 4, 7, 10, 13, 16, 19, 22, 101]);
    expect(of('-')).toHaveLength(8);
    expect(server.mostOpen).toBeGreaterThan(1);
    expect(server.mostOpen).toBeLessThanOrEqual(3);
    expect(server.connections).toBeLessThanOrEqual(3);
  });

  it('end the process when the receiver takes nothing from us for long, and not when it does so for a moment', async () => {
    const server = await startScriptedServer((_, count) => (count < 3 ? [404] : [200]));
    const patient = await sinkTo(server.url);
    expect(await patient.sink.send([produced(0)])).toEqual([]);
    await patient.sink.stop();
    for (const status of [401, 403, 404, 302]) {
      const wrong = await startScriptedServer(() => [status, '', { location: server.url }]);
      const { sink } = await sinkTo(wrong.url, {}, 0);
      await expect(sink.send([produced(0), produced(1)])).rejects.toMatchObject({
        exitCode: 43,
        message: expect.stringContaining(`answered ${status}`),
      });
      await sink.stop();
    }
    expect(server.asked).toHaveLength(3);
  });

  it('have the authorization of the file, which may change while they wait', async () => {
    const path = join(directory(), 'authorization');
    writeFileSync(path, 'Bearer old\n');
    const server = await startScriptedServer(({ headers }) => {
      writeFileSync(path, 'Bearer new\n');
      return headers.authorization === 'Bearer new' ? [200] : [401];
    });
    const { sink, retried } = await sinkTo(server.url, { authorizationPath: path });
    expect(await sink.send([produced(0)])).toEqual([]);
    expect(retried).toHaveLength(1);
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    await sink.stop();
    await expect(sinkTo(server.url, { authorizationPath: `${path}-absent` })).rejects.toMatchObject({ exitCode: 43 });
    await expect(sinkTo('ftp://x')).rejects.toMatchObject({ exitCode: 43 });
  });
});

describeWith('events over HTTPS', OPENSSL, () => {
  it('go to receivers of the declared authority alone', async () => {
    const place = directory();
    const authority = makeAuthority(place, 'right');
    const { certificate, key } = authority.issue('receiver');
    const server = await startScriptedServer(() => [200], { tls: { cert: certificate, key } });
    const caPath = join(place, 'ca.pem');
    writeFileSync(caPath, makeAuthority(place, 'other').certificate);
    const { sink, retried } = await sinkTo(server.url, { caPath });
    const sent = sink.send([produced(0)]);
    while (retried.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    writeFileSync(caPath, authority.certificate);
    expect(await sent).toEqual([]);
    expect(retried[0]).toMatch(/certificate/);
    expect(server.asked).toHaveLength(1);
    await sink.stop();
  });
});
