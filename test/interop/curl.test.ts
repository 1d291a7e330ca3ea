import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateSync, gzipSync } from 'node:zlib';
import { packModels } from '../support/conformance';
import { startTestPredictor, type TestPredictor } from '../support/predictor';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const run = promisify(execFile);
const CURL = { what: 'curl', present: spawnSync('curl', ['--version']).status === 0 };
const ROW = '{"instances":[[5.1,3.5,1.4,0.2]]}';
const INFER = '{"inputs":[{"name":"INPUT","datatype":"FP32","shape":[1,2],"data":[1,2]}]}';

describeWith('curl', CURL, () => {
  const root = temporaryDirectory();
  let server: TestPredictor;

  /** What curl prints: the body, then on a line of its own what `--write-out` says. */
  const curl = async (path: string, ...options: string[]) => {
    const { stdout } = await run('curl', ['--silent', '--show-error', ...options, `${server.url}${path}`]);
    return stdout;
  };
  const file = (name: string, content: Buffer) => {
    writeFileSync(join(root, name), content);
    return join(root, name);
  };

  beforeAll(async () => {
    server = await startTestPredictor(packModels());
  });

  it('sends a prediction with nothing but -d', async () => {
    expect(JSON.parse(await curl('/v1/models/iris:predict', '-d', ROW))).toMatchObject({ predictions: [{ label: 0 }] });
    expect(JSON.parse(await curl('/v2/models/versions/infer', '-d', INFER))).toMatchObject({
      outputs: [{ data: [2, 4] }],
    });
  });

  it('sends a file, in chunks, and with Expect: 100-continue', async () => {
    const path = file('row.json', Buffer.from(ROW));
    for (const options of [
      ['--data-binary', `@${path}`],
      ['--json', `@${path}`],
      ['--data-binary', `@${path}`, '-H', 'Transfer-Encoding: chunked'],
      ['--data-binary', `@${path}`, '-H', 'Expect: 100-continue'],
      ['-T', path, '-X', 'POST'],
    ]) {
      expect(JSON.parse(await curl('/v1/models/iris:predict', ...options))).toMatchObject({
        predictions: [{ label: 0 }],
      });
    }
  });

  it('sends raw bytes, and keeps those of the answer', async () => {
    const input = file('input.bin', Buffer.from(Float32Array.of(1.5, -2).buffer));
    const output = join(root, 'output.bin');
    const headers = await curl(
      '/v2/models/versions/infer',
      ...['--data-binary', `@${input}`, '-H', 'Inference-Header-Content-Length: 0', '-o', output, '-D', '-'],
    );
    const length = Number(/^inference-header-content-length: (\d+)/im.exec(headers)?.[1]);
    const answer = readFileSync(output);
    expect(JSON.parse(answer.toString('utf8', 0, length))).toMatchObject({ model_name: 'versions' });
    expect([answer.readFloatLE(length), answer.readFloatLE(length + 4)]).toEqual([3, -4]);
  });

  it.each<[string, (body: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('sends %s and asks for a compressed answer', async (encoding, compress) => {
    const path = file(`row.${encoding}`, compress(Buffer.from(ROW)));
    const answer = await curl(
      '/v1/models/iris:predict',
      ...['--data-binary', `@${path}`, '-H', `Content-Encoding: ${encoding}`, '--compressed'],
    );
    expect(JSON.parse(answer)).toMatchObject({ predictions: [{ label: 0 }] });
  });

  it('asks for all there is with one connection', async () => {
    const paths = [
      '/',
      '/v1/models',
      '/v2',
      '/v2/health/live',
      '/v2/health/ready',
      '/v2/models/iris',
      '/v2/models/iris/ready',
    ];
    const report = ['--write-out', '\n%{http_code} %{num_connects}\n'];
    const { stdout } = await run('curl', ['-s', ...paths.flatMap((path) => [`${server.url}${path}`]), ...report]);
    const seen = [...stdout.matchAll(/^(\d{3}) (\d+)$/gm)].map(([, status, connects]) => [status, connects]);
    expect(seen).toEqual(paths.map((_, index) => ['200', index === 0 ? '1' : '0']));
  });

  it('asks with HEAD and OPTIONS', async () => {
    expect(await curl('/v2/health/ready', '--head')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(await curl('/v2/models/iris/infer', '-X', 'OPTIONS', '-i')).toMatch(/^Allow: .*POST/im);
  });

  it('fails with --fail for a fault, and shows the reason without', async () => {
    await expect(curl('/v1/models/iris:predict', '--fail', '-d', '{}')).rejects.toMatchObject({ code: 22 });
    expect(JSON.parse(await curl('/v1/models/iris:predict', '-d', '{}'))).toEqual({ error: expect.any(String) });
  });

  it('is answered in HTTP/1.0 and without keep-alive', async () => {
    for (const option of ['--http1.0', '--no-keepalive']) {
      expect(JSON.parse(await curl('/v2/health/live', option))).toEqual({ live: true });
    }
  });
});
