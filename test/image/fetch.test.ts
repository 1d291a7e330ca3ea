import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ModelSourceConfig } from '../../lib/contract';
import { sendFile, startServer } from '../support/file-server';
import { describeWith } from '../support/requires';
import { modelConfig, servingConfig, sha256, sourceConfig } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';
import { startS3, VERSITYGW } from '../support/versitygw';
import { RUNTIME_IMAGE, startContainer, writePublicFile } from './container';

const MODEL = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) % 251));
const root = temporaryDirectory();
let number = 0;

/** Runs the init container; returns its exit code and the model that it left. */
async function fetchModel(source: Partial<ModelSourceConfig> & { uri: string }, credentials?: string) {
  number += 1;
  const [config, models] = ['config', 'models'].map((name) => join(root, String(number), name)) as [string, string];
  mkdirSync(models, { recursive: true });
  chmodSync(models, 0o777);
  const model = modelConfig({
    path: '/models/iris/v1/model.onnx',
    sha256: sha256(MODEL),
    source: sourceConfig(source),
  });
  writePublicFile(join(config, 'config.json'), JSON.stringify(servingConfig(model)));
  const container = startContainer({
    args: ['fetch', '--config', '/etc/model-serving/config.json'],
    network: 'host',
    mounts: {
      '/etc/model-serving': config,
      '/models': models,
      ...(credentials === undefined ? {} : { '/etc/model-serving-credentials/s3': credentials }),
    },
    writable: ['/models'],
  });
  const code = await container.exitCode();
  return { code, log: container.logs(), file: join(models, 'iris/v1/model.onnx') };
}

describeWith('the fetch role of the image', RUNTIME_IMAGE, () => {
  it('downloads from a web server', async () => {
    const server = await startServer((request, response) => sendFile(request, response, MODEL));
    const { code, file } = await fetchModel({ uri: server.url });
    await server.close();
    expect(code).toBe(0);
    expect(readFileSync(file).equals(MODEL)).toBe(true);
  });

  it('ends with code 43 for another file than the declared one', async () => {
    const server = await startServer((request, response) => sendFile(request, response, Buffer.from('evil')));
    const { code, log } = await fetchModel({ uri: server.url });
    await server.close();
    expect(code).toBe(43);
    expect(log).toContain(sha256(MODEL));
  });
});

describeWith('the fetch role of the image, from an S3 server', both(RUNTIME_IMAGE, VERSITYGW), () => {
  it('downloads with the keys of a mounted Secret', async () => {
    const server = await startS3(join(root, 's3'));
    const { accessKeyId, secretAccessKey } = server;
    const endpoint = `http://127.0.0.1:${server.port}`;
    const client = new S3Client({
      endpoint,
      forcePathStyle: true,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
    });
    await client.send(new CreateBucketCommand({ Bucket: 'models' }));
    await client.send(new PutObjectCommand({ Bucket: 'models', Key: 'iris.onnx', Body: MODEL }));
    client.destroy();
    const credentials = join(root, 'credentials');
    writePublicFile(join(credentials, 'AWS_ACCESS_KEY_ID'), accessKeyId);
    writePublicFile(join(credentials, 'AWS_SECRET_ACCESS_KEY'), secretAccessKey);

    const credentialsPath = '/etc/model-serving-credentials/s3';
    const source = { type: 's3', uri: 's3://models/iris.onnx', endpoint, credentialsPath } as const;
    const { code, file } = await fetchModel(source, credentials);
    await server.stop();
    expect(code).toBe(0);
    expect(readFileSync(file).equals(MODEL)).toBe(true);
  });
});

function both(...needs: { what: string; present: boolean }[]) {
  return { what: needs.map(({ what }) => what).join(' and '), present: needs.every(({ present }) => present) };
}
