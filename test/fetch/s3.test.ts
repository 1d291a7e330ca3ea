import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ModelSourceConfig } from '../../lib/contract';
import { fetchModels } from '../../runtime/src/fetch';
import { createLogger } from '../../runtime/src/telemetry';
import { startCuttingProxy } from '../support/cutting-proxy';
import { describeWith } from '../support/requires';
import { modelConfig, servingConfig, sha256, sourceConfig } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';
import { type S3Server, startS3, VERSITYGW } from '../support/versitygw';

const RETRY = { attempts: 3, baseMillis: 1, maxMillis: 2, stallMillis: 10_000 };
const MODEL = Buffer.from(Array.from({ length: 2_000_000 }, (_, index) => (index * 31) % 251));
const logger = createLogger({ level: 'silent' });

describeWith('download from an S3 server', VERSITYGW, () => {
  const root = temporaryDirectory();
  let server: S3Server;
  let number = 0;
  const credentialsPath = join(root, 'credentials');

  beforeAll(async () => {
    server = await startS3(join(root, 'server'));
    const { accessKeyId, secretAccessKey } = server;
    const client = new S3Client({
      endpoint: `http://127.0.0.1:${server.port}`,
      forcePathStyle: true,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
    });
    await client.send(new CreateBucketCommand({ Bucket: 'models' }));
    await client.send(new PutObjectCommand({ Bucket: 'models', Key: 'iris/v 1/model.onnx', Body: MODEL }));
    await client.send(new PutObjectCommand({ Bucket: 'models', Key: 'empty', Body: Buffer.alloc(0) }));
    await client.send(new CreateBucketCommand({ Bucket: 'public' }));
    await client.send(new PutObjectCommand({ Bucket: 'public', Key: 'model.onnx', Body: MODEL }));
    const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::public/*' };
    await client.send(
      new PutBucketPolicyCommand({
        Bucket: 'public',
        Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
      }),
    );
    client.destroy();
    mkdirSync(credentialsPath);
    writeFileSync(join(credentialsPath, 'AWS_ACCESS_KEY_ID'), accessKeyId);
    writeFileSync(join(credentialsPath, 'AWS_SECRET_ACCESS_KEY'), `${secretAccessKey}\n`);
    // No identity from the machine that the test runs on.
    process.env.AWS_EC2_METADATA_DISABLED = 'true';
    process.env.AWS_SHARED_CREDENTIALS_FILE = join(root, 'none');
    process.env.AWS_CONFIG_FILE = join(root, 'none');
  });

  afterAll(() => server.stop());

  async function fetchFrom(source: Partial<ModelSourceConfig>, digest = sha256(MODEL)): Promise<string> {
    number += 1;
    const path = join(root, String(number), 'model.onnx');
    const from = sourceConfig({
      type: 's3',
      uri: 's3://models/iris/v%201/model.onnx',
      endpoint: `http://127.0.0.1:${server.port}`,
      region: 'us-east-1',
      credentialsPath,
      ...source,
    });
    await fetchModels(servingConfig(modelConfig({ path, sha256: digest, source: from })), { logger, retry: RETRY });
    return path;
  }

  it('puts the verified object in its place', async () => {
    expect(readFileSync(await fetchFrom({})).equals(MODEL)).toBe(true);
  });

  it('goes on where a connection broke', async () => {
    const proxy = await startCuttingProxy(server.port, 2, 500_000);
    try {
      const path = await fetchFrom({ endpoint: `http://127.0.0.1:${proxy.port}` });
      expect(readFileSync(path).equals(MODEL)).toBe(true);
      expect(proxy.connections()).toBe(3);
    } finally {
      await proxy.close();
    }
  });

  it('reads public objects without credentials', async () => {
    const path = await fetchFrom({ uri: 's3://public/model.onnx', credentialsPath: undefined });
    expect(readFileSync(path).equals(MODEL)).toBe(true);
  });

  it('names what is wrong with another digest', async () => {
    await expect(fetchFrom({}, sha256('another'))).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringContaining('SHA-256'),
    });
  });

  it.each([
    ['an object that is not there', { uri: 's3://models/none' }, /404 NoSuchKey.*check the address/],
    ['a bucket that is not there', { uri: 's3://none/model' }, /404 NoSuchBucket/],
    ['an empty object', { uri: 's3://models/empty' }, /is empty/],
    ['an object above the limit', { maxBytes: 1000 }, /at most 1000/],
    ['a private address that is not allowed', { allowPrivate: false }, /private address/],
    [
      'a name with a private address',
      { endpoint: 'http://localhost:1', allowPrivate: false },
      /resolves to .*private address/,
    ],
  ])('ends with code 43 for %s', async (_, source, message) => {
    await expect(fetchFrom(source)).rejects.toMatchObject({ exitCode: 43, message: expect.stringMatching(message) });
  });

  it('ends with code 43 for wrong credentials', async () => {
    const wrong = join(root, 'wrong');
    mkdirSync(wrong);
    writeFileSync(join(wrong, 'AWS_ACCESS_KEY_ID'), server.accessKeyId);
    writeFileSync(join(wrong, 'AWS_SECRET_ACCESS_KEY'), 'wrong');
    await expect(fetchFrom({ credentialsPath: wrong })).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringMatching(/403 SignatureDoesNotMatch/),
    });
    rmSync(join(wrong, 'AWS_SECRET_ACCESS_KEY'));
    await expect(fetchFrom({ credentialsPath: wrong })).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringMatching(/AWS_SECRET_ACCESS_KEY is missing/),
    });
  });

  it('ends with code 1 when nothing listens', async () => {
    await expect(fetchFrom({ endpoint: 'http://127.0.0.1:1' })).rejects.toMatchObject({ exitCode: 1 });
  });
});
