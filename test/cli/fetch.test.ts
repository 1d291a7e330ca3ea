import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelSourceConfig } from '../../lib/contract';
import { runCommand, startCommand } from '../support/command';
import { eventually } from '../support/eventually';
import { type FileServer, sendFile, startServer } from '../support/file-server';
import { describeWith } from '../support/requires';
import { modelConfig, servingConfig, sha256, sourceConfig } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const MODEL = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) % 251));
const root = temporaryDirectory();
let server: FileServer | undefined;
let number = 0;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

interface Place {
  readonly config: string;
  readonly directory: string;
  readonly path: string;
}

function prepare(source: Partial<ModelSourceConfig> & { uri: string }, digest = sha256(MODEL)): Place {
  number += 1;
  const directory = join(root, String(number));
  mkdirSync(directory);
  const path = join(directory, 'models/iris/v1/model.onnx');
  const config = join(directory, 'config.json');
  writeFileSync(
    config,
    JSON.stringify(servingConfig(modelConfig({ path, sha256: digest, source: sourceConfig(source) }))),
  );
  return { config, directory, path };
}

describe('the fetch role', () => {
  it('puts the model in its place and ends with code 0', async () => {
    server = await startServer((request, response) => sendFile(request, response, MODEL));
    const { config, path } = prepare({ uri: server.url });
    const { code, log } = await runCommand(['fetch', '--config', config]);
    expect(code).toBe(0);
    expect(readFileSync(path).equals(MODEL)).toBe(true);
    expect(log.at(-1)).toMatchObject({
      level: 'info',
      msg: 'model downloaded and verified',
      model: 'iris',
      sha256: sha256(MODEL),
    });
  });

  it('ends with code 43 for another digest, and says so in the log', async () => {
    server = await startServer((request, response) => sendFile(request, response, Buffer.from('evil')));
    const { config, path } = prepare({ uri: server.url });
    const { code, log } = await runCommand(['fetch', '--config', config]);
    expect(code).toBe(43);
    expect(log.at(-1)).toMatchObject({
      level: 'fatal',
      exitCode: 43,
      msg: expect.stringContaining('not the declared'),
    });
    expect(existsSync(path)).toBe(false);
  });

  it('leaves the reason in the termination message of the sandbox', async () => {
    const sandboxRoot = join(root, 'sandbox');
    mkdirSync(join(sandboxRoot, 'dev'), { recursive: true });
    writeFileSync(join(sandboxRoot, 'dev/termination-log'), '');
    const env = { MODEL_SERVING_SANDBOX: JSON.stringify({ root: sandboxRoot, host: '127.0.0.1', ports: {} }) };
    const { code } = await runCommand(['fetch', '--config', '/etc/none.json'], { env });
    expect(code).toBe(43);
    expect(readFileSync(join(sandboxRoot, 'dev/termination-log'), 'utf8')).toMatch(
      /\/etc\/none\.json:\n {2}- the file exists/,
    );
  });

  it('ends with code 43 for a configuration with faults', async () => {
    const file = join(root, 'bad.json');
    writeFileSync(file, '{"models": []}');
    const { code, log } = await runCommand(['fetch', '--config', file]);
    expect(code).toBe(43);
    expect(log.at(-1)).toMatchObject({
      level: 'fatal',
      msg: expect.stringMatching(/schema: is required.*\n.*models: has at least 1/),
    });
  });

  it('ends with code 1 when it is stopped, and leaves no file', async () => {
    let asked = false;
    server = await startServer((_, response) => {
      asked = true;
      response.writeHead(200, { 'content-length': MODEL.length });
      response.write(MODEL.subarray(0, 1000));
    });
    const { config, directory } = prepare({ uri: server.url });
    const command = startCommand(['fetch', '--config', config]);
    await eventually('the download begins', () => asked);
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(1);
    expect(command.log().at(-1)).toMatchObject({ msg: 'Stopped by SIGTERM before every model was downloaded.' });
    expect(readdirSync(join(directory, 'models/iris/v1'))).toEqual([]);
  });
});

const OPENSSL = { what: 'openssl', present: spawnSync('openssl', ['version']).status === 0 };

describeWith('https', OPENSSL, () => {
  const key = join(root, 'key.pem');
  const cert = join(root, 'cert.pem');

  beforeAll(() => {
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const { status, stderr } = spawnSync('openssl', [...args, ...subject, '-keyout', key, '-out', cert], {
      encoding: 'utf8',
    });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  });

  const tls = () => ({ key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') });

  it('reads from a server whose certificate is trusted', async () => {
    server = await startServer((request, response) => sendFile(request, response, MODEL), tls());
    const { config, path } = prepare({ uri: server.url });
    expect((await runCommand(['fetch', '--config', config], { env: { NODE_EXTRA_CA_CERTS: cert } })).code).toBe(0);
    expect(readFileSync(path).equals(MODEL)).toBe(true);
  });

  it('refuses to go on to a server without encryption', async () => {
    server = await startServer(
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1/' }).end(),
      tls(),
    );
    const { config } = prepare({ uri: server.url });
    const { code, log } = await runCommand(['fetch', '--config', config], { env: { NODE_EXTRA_CA_CERTS: cert } });
    expect(code).toBe(43);
    expect(log.at(-1)).toMatchObject({ msg: expect.stringContaining('not encrypted') });
  });
});

const SMALL_DISK = {
  what: 'mount namespaces (unshare -rm)',
  present:
    process.platform === 'linux' && spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs x /mnt']).status === 0,
};

describeWith('a full disk', SMALL_DISK, () => {
  const onSmallDisk = (directory: string) => [
    'unshare',
    '-rm',
    'sh',
    '-c',
    'mount -t tmpfs -o size=128k none "$0" && exec "$@"',
    directory,
  ];

  it.each([
    ['that tells its length', (body: Buffer) => ({ 'content-length': String(body.length) })],
    ['that does not', () => ({ 'transfer-encoding': 'chunked' })],
  ])('is named as the reason for a file %s', async (_, headers) => {
    server = await startServer((__, response) => response.writeHead(200, headers(MODEL)).end(MODEL));
    const { config, directory } = prepare({ uri: server.url });
    mkdirSync(join(directory, 'models'));
    const { code, log } = await runCommand(['fetch', '--config', config], {
      through: onSmallDisk(join(directory, 'models')),
    });
    expect(code).toBe(1);
    expect(log.at(-1)).toMatchObject({
      msg: expect.stringMatching(/No space left in .*Raise the size limit of the volume/),
    });
  });
});
