import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openStore, requireCreateOnly } from '../../../runtime/src/batch/store';
import { createLogger } from '../../../runtime/src/telemetry';

const logger = createLogger({ level: 'silent' });
const retry = { attempts: 4, baseMillis: 1, maxMillis: 2, stallMillis: 200 };
let close: (() => Promise<void>) | undefined;

afterEach(async () => {
  await close?.();
  close = undefined;
});

async function storeOver(answer: RequestListener, type = 'gcs') {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return type === 'gcs'
    ? openStore({ uri: 'gs://bucket/x', store: { type, endpoint: url, allowPrivate: true } }, { logger, retry })
    : openStore({ uri: `${url}/data`, store: { type, allowPrivate: true } }, { logger, retry });
}

async function readAll(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) {
    all.push(chunk);
  }
  return Buffer.concat(all);
}

describe('an object store that fails', () => {
  it('is asked again while it answers 503, and given up after so many attempts', async () => {
    let failures = 3;
    let requests = 0;
    const store = await storeOver((request, response) => {
      requests += 1;
      request.resume();
      failures -= 1;
      response.writeHead(failures >= 0 ? 503 : 200, { 'content-type': 'application/json' }).end('{"name":"x"}');
    });
    expect(await store.create('key', Buffer.from('content'))).toBe('created');
    expect(requests).toBe(4);
    failures = 100;
    await expect(store.create('key', Buffer.from('content'))).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/503.*Given up after 4 attempts/),
    });
  });

  it('is not asked again when it refuses', async () => {
    let requests = 0;
    const store = await storeOver((request, response) => {
      requests += 1;
      request.resume();
      response.writeHead(403).end();
    });
    await expect(store.put('key', Buffer.from('content'))).rejects.toMatchObject({ exitCode: 43 });
    expect(requests).toBe(1);
  });

  it('goes on where a connection broke or went silent, as far as every attempt gets further', async () => {
    const content = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
    let attempts = 0;
    const store = await storeOver((request, response) => {
      attempts += 1;
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      const rest = content.subarray(Number(from), Number(to) + 1);
      response.writeHead(206, { 'content-length': rest.length, 'content-range': `bytes ${from}-${to}/10000` });
      response.write(rest.subarray(0, 2000), () => {
        // Every second attempt goes silent instead.
        if (attempts % 2 === 1 && rest.length > 2000) {
          response.destroy();
        }
      });
    });
    const read = await readAll(store.read('key', { from: 0, to: 10_000, etag: '7' }));
    expect(read.equals(content)).toBe(true);
    expect(attempts).toBe(5);
  });

  it('is refused when it lets an object be created twice', async () => {
    const store = await storeOver((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"name":"x"}');
    });
    await expect(requireCreateOnly(store, 'probe')).rejects.toMatchObject({
      name: 'UnfitStoreError',
      exitCode: 43,
      message: expect.stringContaining('conditional writes'),
    });
  });
});

describe('a web server as input', () => {
  const content = Buffer.from('id,x\n1,2\n3,4\n');

  it('gives parts of a file, and notices another version of it', async () => {
    let etag = '"1"';
    const store = await storeOver((request, response) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      const part = content.subarray(Number(from), Number(to) + 1);
      response
        .writeHead(206, { etag, 'content-range': `bytes ${from}-${Number(from) + part.length - 1}/${content.length}` })
        .end(part);
    }, 'https');
    const info = await store.head('rows.csv');
    expect(info).toMatchObject({ bytes: content.length, etag: '"1"' });
    expect((await readAll(store.read('rows.csv', { from: 5, to: 9, etag: info?.etag }))).toString()).toBe('1,2\n');
    etag = '"2"';
    await expect(readAll(store.read('rows.csv', { from: 5, to: 9, etag: info?.etag }))).rejects.toMatchObject({
      exitCode: 42,
    });
    await expect(store.put('rows.csv', content)).rejects.toMatchObject({ exitCode: 43 });
  });

  it('is refused when it cannot send parts', async () => {
    const store = await storeOver((_, response) => {
      response.writeHead(200, { 'content-length': content.length }).end(content);
    }, 'https');
    await expect(readAll(store.read('rows.csv', { from: 5, to: 9 }))).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringContaining('Range'),
    });
  });
});
