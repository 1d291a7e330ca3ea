import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { versitygwProgram } from '../../test/support/versitygw';
import type { Namespace } from './namespace';
import { serverPod } from './server-pod';

const NAME = 'store';
const PORT = 7070;
const BUCKETS = '/data/buckets';
const KEYS = { AWS_ACCESS_KEY_ID: 'e2e-access', AWS_SECRET_ACCESS_KEY: 'e2e-secret' };

/** How to get to what {@link startS3Server} starts. */
export const S3_SERVER = {
  endpoint: `http://${NAME}:${PORT}`,
  bucket: 'models',
  /** Name of the Secret with its credentials. */
  secret: NAME,
} as const;

/**
 * Starts an S3 server in the cluster. Its program is the one of this machine, sent into a pod of the runtime image, so the
 * cluster needs no image of its own for it.
 *
 * @param objects contents of the bucket by key
 */
export async function startS3Server(namespace: Namespace, objects: Readonly<Record<string, Buffer>>): Promise<void> {
  await namespace.apply([
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: NAME }, stringData: KEYS },
    ...serverPod({
      name: NAME,
      port: PORT,
      command: ['node', '--eval', PROGRAM],
      mountPath: '/data',
      volume: { emptyDir: {} },
    }),
  ]);
  await namespace.kubectl(['wait', '--for=jsonpath={.status.phase}=Running', `pod/${NAME}`, '--timeout=120s']);
  for (const [key, content] of Object.entries(objects)) {
    await namespace.kubectl(writing(`/data/${S3_SERVER.bucket}/${key}`), content.toString('base64'));
  }
  await send(namespace, versitygwProgram());
  await namespace.kubectl(['wait', '--for=condition=Ready', `pod/${NAME}`, '--timeout=120s']);
}

/** Writes an object while the server runs. */
export async function putObject(namespace: Namespace, key: string, content: Buffer): Promise<void> {
  await namespace.kubectl(writing(`${BUCKETS}/${S3_SERVER.bucket}/${key}`), content.toString('base64'));
}

/** Keys of the objects whose key begins with a prefix. */
export async function listObjects(namespace: Namespace, prefix: string): Promise<string[]> {
  return JSON.parse(await ask(namespace, 'keys', prefix));
}

/** Contents of the objects whose key begins with a prefix, by key. */
export async function readObjects(namespace: Namespace, prefix: string): Promise<Map<string, Buffer>> {
  const contents: Record<string, string> = JSON.parse(await ask(namespace, 'contents', prefix));
  return new Map(Object.entries(contents).map(([key, content]) => [key, Buffer.from(content, 'base64')]));
}

/** The server keeps objects as files: they are read without it, and so without a client that retries. */
function ask(namespace: Namespace, what: 'keys' | 'contents', prefix: string): Promise<string> {
  const program = `
    const fs = require('node:fs');
    const root = '${BUCKETS}/${S3_SERVER.bucket}/';
    const keys = fs.readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => (entry.parentPath + '/' + entry.name).slice(root.length).replace(/^[/]/, ''))
      .filter((key) => key.startsWith('${prefix}'));
    const contents = () => Object.fromEntries(keys.map((key) => [key, fs.readFileSync(root + key, 'base64')]));
    process.stdout.write(JSON.stringify(${what === 'keys' ? 'keys' : 'contents()'}));
  `;
  return namespace.kubectl(['exec', NAME, '--', 'node', '--eval', program]);
}

function writing(path: string): string[] {
  const program = `
    const fs = require('node:fs');
    fs.mkdirSync(require('node:path').dirname('${path}'), { recursive: true });
    fs.writeFileSync('${path}', Buffer.from(fs.readFileSync(0, 'utf8'), 'base64'));
  `;
  return ['exec', '--stdin', NAME, '--', 'node', '--eval', program];
}

/** Sends the program; it is started when all of it is there. */
async function send(namespace: Namespace, file: string): Promise<void> {
  const program = `
    const fs = require('node:fs');
    process.stdin.pipe(fs.createWriteStream('/data/sent', { mode: 0o755 })).on('close', () =>
      fs.renameSync('/data/sent', '/data/server'));
  `;
  const args = ['--namespace', namespace.name, 'exec', '--stdin', NAME, '--', 'node', '--eval', program];
  const child = spawn('kubectl', args, { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await pipeline(createReadStream(file), child.stdin);
  expect(await ended).toBe(0);
}

const ARGS = [
  ...['--quiet', '--port', `:${PORT}`, '--access', KEYS.AWS_ACCESS_KEY_ID, '--secret', KEYS.AWS_SECRET_ACCESS_KEY],
  ...['posix', '--sidecar', '/data/meta', BUCKETS],
];

// The server wants a folder that holds buckets alone.
const PROGRAM = `
  const fs = require('node:fs');
  const start = () => {
    if (!fs.existsSync('/data/server')) {
      return setTimeout(start, 100);
    }
    fs.mkdirSync('/data/meta');
    fs.mkdirSync('${BUCKETS}');
    fs.renameSync('/data/${S3_SERVER.bucket}', '${BUCKETS}/${S3_SERVER.bucket}');
    require('node:child_process').spawn('/data/server', ${JSON.stringify(ARGS)}, { stdio: 'inherit' });
  };
  start();
`;
