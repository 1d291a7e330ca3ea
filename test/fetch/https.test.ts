import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ModelSourceConfig } from '../../lib/contract';
import { FetchError, fetchModels } from '../../runtime/src/fetch';
import { createLogger } from '../../runtime/src/telemetry';
import { type FileServer, sendFile, startServer } from '../support/file-server';
import { modelConfig, servingConfig, sha256, sourceConfig } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const FAST = { attempts: 3, baseMillis: 1, maxMillis: 2, stallMillis: 10_000 };
const MODEL = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) % 251));
const logger = createLogger({ level: 'silent' });
const root = temporaryDirectory();
const servers: FileServer[] = [];
let number = 0;

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(answer: RequestListener): Promise<FileServer> {
  const server = await startServer(answer);
  servers.push(server);
  return server;
}

function target(): string {
  number += 1;
  return join(root, String(number), 'iris', 'v1', 'model.onnx');
}

interface Wanted {
  readonly path?: string;
  readonly digest?: string;
  readonly signal?: AbortSignal;
  readonly retry?: Partial<typeof FAST>;
}

async function fetchFrom(source: Partial<ModelSourceConfig> & { uri: string }, wanted: Wanted = {}): Promise<string> {
  const path = wanted.path ?? target();
  const model = modelConfig({ path, sha256: wanted.digest ?? sha256(MODEL), source: sourceConfig(source) });
  try {
    await fetchModels(servingConfig(model), { logger, retry: { ...FAST, ...wanted.retry }, signal: wanted.signal });
  } finally {
    const left = existsSync(dirname(path)) ? readdirSync(dirname(path)).filter((name) => name !== 'model.onnx') : [];
    expect(left).toEqual([]);
  }
  return path;
}

async function faultOf(work: Promise<unknown>): Promise<FetchError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FetchError);
  return error as FetchError;
}

describe('download from a web server', () => {
  it('puts the verified file in its place, read-only', async () => {
    const server = await serve((request, response) => sendFile(request, response, MODEL));
    const path = await fetchFrom({ uri: `${server.url}/model.onnx` });
    expect(readFileSync(path).equals(MODEL)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o444);
  });

  it('does not ask for a file that is there and has the digest', async () => {
    const server = await serve((request, response) => sendFile(request, response, MODEL));
    const path = target();
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, MODEL);
    await fetchFrom({ uri: server.url }, { path });
    expect(server.requests).toHaveLength(0);
  });

  it('replaces a file that has another digest', async () => {
    const server = await serve((request, response) => sendFile(request, response, MODEL));
    const path = target();
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'something else');
    chmodSync(path, 0o444);
    await fetchFrom({ uri: server.url }, { path });
    expect(readFileSync(path).equals(MODEL)).toBe(true);
  });

  it('sends the mounted authorization', async () => {
    const server = await serve((request, response) => sendFile(request, response, MODEL));
    const credentialsPath = join(root, 'credentials');
    mkdirSync(credentialsPath, { recursive: true });
    writeFileSync(join(credentialsPath, 'authorization'), 'Bearer secret\n');
    await fetchFrom({ uri: server.url, credentialsPath });
    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret');
  });

  it.each([
    ['is missing', undefined, /authorization is missing/],
    ['is empty', '\n', /authorization is empty/],
    ['has two lines', 'Bearer a\nX-Evil: 1', /one line/],
  ])('refuses to start when the authorization %s', async (_, content, message) => {
    const server = await serve((request, response) => sendFile(request, response, MODEL));
    const credentialsPath = join(root, `credentials-${number}`);
    mkdirSync(credentialsPath, { recursive: true });
    if (content !== undefined) {
      writeFileSync(join(credentialsPath, 'authorization'), content);
    }
    const fault = await faultOf(fetchFrom({ uri: server.url, credentialsPath }));
    expect(fault.message).toMatch(message);
    expect(fault.exitCode).toBe(43);
    expect(server.requests).toHaveLength(0);
  });

  it('decodes a content encoding that nobody asked for', async () => {
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(MODEL)),
    );
    expect(readFileSync(await fetchFrom({ uri: server.url })).equals(MODEL)).toBe(true);
  });

  it('stops an encoded bomb at the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
    const server = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    const fault = await faultOf(fetchFrom({ uri: server.url, maxBytes: 1024 * 1024 }));
    expect(fault.message).toMatch(/at most 1048576 are accepted/);
    expect(fault.exitCode).toBe(43);
  });
});

describe('broken connections', () => {
  it('goes on where the last attempt ended', async () => {
    let attempts = 0;
    const server = await serve((request, response) => {
      attempts += 1;
      sendFile(request, response, MODEL, attempts < 3 ? { cutAfter: 100_000 } : {});
    });
    expect(readFileSync(await fetchFrom({ uri: server.url })).equals(MODEL)).toBe(true);
    const [, second, third] = server.requests;
    expect(second?.headers).toMatchObject({
      range: expect.stringMatching(/^bytes=[1-9]\d*-$/),
      'if-range': expect.any(String),
    });
    expect(third?.headers).toMatchObject({ range: expect.stringMatching(/^bytes=[1-9]\d*-$/) });
  });

  it('goes on for as long as there is progress, however often the connection breaks', async () => {
    const server = await serve((request, response) => sendFile(request, response, MODEL, { cutAfter: 30_000 }));
    expect(readFileSync(await fetchFrom({ uri: server.url })).equals(MODEL)).toBe(true);
    expect(server.requests.length).toBeGreaterThan(FAST.attempts);
  });

  it('begins again when the server knows no Range', async () => {
    let attempts = 0;
    const server = await serve((request, response) => {
      attempts += 1;
      sendFile(request, response, MODEL, { noRange: true, cutAfter: attempts === 1 ? 100_000 : undefined });
    });
    expect(readFileSync(await fetchFrom({ uri: server.url })).equals(MODEL)).toBe(true);
  });

  it('begins again when the file has no ETag', async () => {
    let attempts = 0;
    const server = await serve((request, response) => {
      attempts += 1;
      sendFile(request, response, MODEL, { etag: null, cutAfter: attempts === 1 ? 100_000 : undefined });
    });
    expect(readFileSync(await fetchFrom({ uri: server.url })).equals(MODEL)).toBe(true);
    expect(server.requests[1]?.headers.range).toBeUndefined();
  });

  it('begins again when the file has changed in between', async () => {
    const old = Buffer.alloc(MODEL.length, 1);
    let attempts = 0;
    const server = await serve((request, response) => {
      attempts += 1;
      sendFile(request, response, attempts === 1 ? old : MODEL, attempts === 1 ? { cutAfter: 100_000 } : {});
    });
    expect(readFileSync(await fetchFrom({ uri: server.url })).equals(MODEL)).toBe(true);
  });

  it('begins again when a server answers 206 with another ETag', async () => {
    let attempts = 0;
    const server = await serve((request, response) => {
      attempts += 1;
      if (attempts === 1) {
        sendFile(request, response, Buffer.alloc(MODEL.length, 1), { etag: '"old"', cutAfter: 100_000 });
      } else {
        delete request.headers['if-range'];
        sendFile(request, response, MODEL, { etag: '"new"' });
      }
    });
    expect(readFileSync(await fetchFrom({ uri: server.url })).equals(MODEL)).toBe(true);
  });

  it('begins again when the file has become shorter (416)', async () => {
    let attempts = 0;
    const server = await serve((request, response) => {
      attempts += 1;
      if (attempts === 1) {
        sendFile(request, response, Buffer.alloc(400_000, 1), { cutAfter: 350_000 });
      } else if (request.headers.range === undefined) {
        sendFile(request, response, MODEL);
      } else {
        response.writeHead(416, { 'content-range': `bytes */${MODEL.length}` }).end();
      }
    });
    expect(readFileSync(await fetchFrom({ uri: server.url })).equals(MODEL)).toBe(true);
  });

  it('gives up with code 1 when the server always sends less than it promises', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': MODEL.length, etag: '"x"' });
      response.write(MODEL.subarray(0, 10), () => response.destroy());
    });
    const fault = await faultOf(fetchFrom({ uri: server.url }));
    expect(fault.exitCode).toBe(1);
    expect(fault.message).toMatch(/Given up after 3 attempts/);
  });

  it('tries again when a file without a length was cut off', async () => {
    let attempts = 0;
    const server = await serve((_, response) => {
      attempts += 1;
      response.shouldKeepAlive = false;
      response.useChunkedEncodingByDefault = false;
      response.writeHead(200);
      response.end(attempts === 1 ? MODEL.subarray(0, 1000) : MODEL);
    });
    expect(readFileSync(await fetchFrom({ uri: server.url })).equals(MODEL)).toBe(true);
  });

  it('waits as long as an overloaded server asks for, and tries again', async () => {
    let attempts = 0;
    const server = await serve((request, response) => {
      attempts += 1;
      if (attempts === 1) {
        response.writeHead(503, { 'retry-after': '0.01' }).end('busy');
      } else {
        sendFile(request, response, MODEL);
      }
    });
    await fetchFrom({ uri: server.url });
    expect(attempts).toBe(2);
  });

  it('gives up with code 1 when nothing listens', async () => {
    const server = await startServer((_, response) => response.end());
    await server.close();
    const fault = await faultOf(fetchFrom({ uri: server.url }));
    expect(fault.exitCode).toBe(1);
    expect(fault.message).toMatch(/ECONNREFUSED/);
  });

  it('ends an attempt that takes longer than its time', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': MODEL.length });
      response.write('a little');
    });
    const fault = await faultOf(fetchFrom({ uri: server.url, timeoutMillis: 50 }));
    expect(fault.exitCode).toBe(1);
    expect(fault.message).toMatch(/longer than 50 ms/);
  });

  it('ends an attempt in which nothing arrives', async () => {
    const server = await serve(() => undefined);
    const fault = await faultOf(fetchFrom({ uri: server.url }, { retry: { stallMillis: 50 } }));
    expect(fault.exitCode).toBe(1);
    expect(fault.message).toMatch(/Nothing arrived for 50 ms/);
  });

  it('leaves nothing behind when it is stopped', async () => {
    const stop = new AbortController();
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': MODEL.length });
      response.write(MODEL.subarray(0, 1000), () => stop.abort(new Error('stopped')));
    });
    const path = target();
    await expect(fetchFrom({ uri: server.url }, { path, signal: stop.signal })).rejects.toThrow('stopped');
    expect(existsSync(path)).toBe(false);
  });
});

describe('answers that are not the model', () => {
  it.each([400, 401, 403, 404, 410])('ends with code 43 and without another try at status %d', async (status) => {
    const server = await serve((_, response) => response.writeHead(status).end('no'));
    const fault = await faultOf(fetchFrom({ uri: server.url }));
    expect(fault.exitCode).toBe(43);
    expect(fault.message).toContain(String(status));
    expect(server.requests).toHaveLength(1);
  });

  it.each([408, 429, 500, 502, 504])('tries again at status %d, then ends with code 1', async (status) => {
    const server = await serve((_, response) => response.writeHead(status).end('no'));
    const fault = await faultOf(fetchFrom({ uri: server.url }));
    expect(fault.exitCode).toBe(1);
    expect(server.requests).toHaveLength(FAST.attempts);
  });

  it('refuses another digest, and keeps no file', async () => {
    const server = await serve((request, response) => sendFile(request, response, Buffer.from('evil')));
    const path = target();
    const fault = await faultOf(fetchFrom({ uri: server.url }, { path }));
    expect(fault.exitCode).toBe(43);
    expect(fault.message).toContain(sha256(MODEL));
    expect(fault.message).toContain(sha256('evil'));
    expect(existsSync(path)).toBe(false);
  });

  it('refuses a web page', async () => {
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'),
    );
    const fault = await faultOf(fetchFrom({ uri: server.url }));
    expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining('web page') });
  });

  it.each([
    ['with a length', { 'content-length': '0' }],
    ['without one', { 'transfer-encoding': 'chunked' }],
  ])('refuses an empty file %s', async (_, headers) => {
    const server = await serve((__, response) => response.writeHead(200, headers).end());
    const fault = await faultOf(fetchFrom({ uri: server.url }, { digest: sha256('') }));
    expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining('is empty') });
  });

  it.each([
    ['that tells its length', { 'content-length': String(MODEL.length) }],
    ['that does not', { 'transfer-encoding': 'chunked' }],
  ])('refuses a file above the limit %s', async (_, headers) => {
    const server = await serve((__, response) => response.writeHead(200, headers).end(MODEL));
    const fault = await faultOf(fetchFrom({ uri: server.url, maxBytes: 1000 }));
    expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining('at most 1000 are accepted') });
  });

  it('does not print the query, which may be a signature', async () => {
    const server = await serve((_, response) => response.writeHead(200).end('evil'));
    const fault = await faultOf(fetchFrom({ uri: `${server.url}/m?sig=SECRET` }));
    expect(fault.message).not.toContain('SECRET');
  });
});

describe('redirects', () => {
  it('follows one to the same host', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/latest') {
        response.writeHead(302, { location: '/v1' }).end();
      } else {
        sendFile(request, response, MODEL);
      }
    });
    await fetchFrom({ uri: `${server.url}/latest` });
    expect(server.requests.map(({ path }) => path)).toEqual(['/latest', '/v1']);
  });

  it('refuses one to another host', async () => {
    const other = await serve((request, response) => sendFile(request, response, MODEL));
    const server = await serve((_, response) =>
      response.writeHead(302, { location: `http://localhost:${other.port}/` }).end(),
    );
    const fault = await faultOf(fetchFrom({ uri: server.url }));
    expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining('redirects to another host') });
    expect(other.requests).toHaveLength(0);
  });

  it('follows one to an allowed host, without the authorization', async () => {
    const other = await serve((request, response) => sendFile(request, response, MODEL));
    const server = await serve((_, response) =>
      response.writeHead(302, { location: `http://localhost:${other.port}/` }).end(),
    );
    const credentialsPath = join(root, 'redirect-credentials');
    mkdirSync(credentialsPath, { recursive: true });
    writeFileSync(join(credentialsPath, 'authorization'), 'Bearer secret');
    await fetchFrom({ uri: server.url, credentialsPath, redirectHosts: ['localhost'] });
    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret');
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
  });

  it.each(['http://169.254.169.254/latest/meta-data/', 'http://[fe80::1]/', 'http://2852039166/'])(
    'never follows one to %s, allowed or not',
    async (location) => {
      const server = await serve((_, response) => response.writeHead(302, { location }).end());
      const fault = await faultOf(fetchFrom({ uri: server.url, redirectHosts: [new URL(location).hostname] }));
      expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining('metadata, link-local') });
    },
  );

  it('refuses another scheme', async () => {
    const server = await serve((_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end());
    expect(await faultOf(fetchFrom({ uri: server.url }))).toMatchObject({ exitCode: 43 });
  });

  it('refuses a circle', async () => {
    const server = await serve((_, response) => response.writeHead(302, { location: '/' }).end());
    const fault = await faultOf(fetchFrom({ uri: server.url }));
    expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining('more than 5 times') });
  });
});

describe('private addresses', () => {
  it.each(['127.0.0.1', 'localhost', '[::1]', '2130706433'])('refuses %s unless allowed', async (host) => {
    const server = await serve((request, response) => sendFile(request, response, MODEL));
    const fault = await faultOf(fetchFrom({ uri: `http://${host}:${server.port}/`, allowPrivate: false }));
    expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining('private address') });
    expect(server.requests).toHaveLength(0);
  });
});
