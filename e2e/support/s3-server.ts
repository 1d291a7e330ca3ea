import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { versitygwProgram } from '../../test/support/versitygw';
import type { Namespace } from './namespace';
import { serverPod } from './server-pod';

const NAME = 'store';
const PORT = 7070;
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
  ...['posix', '--sidecar', '/data/meta', '/data/buckets'],
];

// The server wants a folder that holds buckets alone.
const PROGRAM = `
  const fs = require('node:fs');
  const start = () => {
    if (!fs.existsSync('/data/server')) {
      return setTimeout(start, 100);
    }
    fs.mkdirSync('/data/meta');
    fs.mkdirSync('/data/buckets');
    fs.renameSync('/data/${S3_SERVER.bucket}', '/data/buckets/${S3_SERVER.bucket}');
    require('node:child_process').spawn('/data/server', ${JSON.stringify(ARGS)}, { stdio: 'inherit' });
  };
  start();
`;
