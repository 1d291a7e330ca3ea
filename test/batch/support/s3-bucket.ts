import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { ObjectStoreConfig } from '../../../lib/contract';
import { type S3Server, startS3 } from '../../support/versitygw';

/** An S3 server with one bucket, and how to reach it. */
export interface S3Bucket {
  readonly server: S3Server;
  readonly store: ObjectStoreConfig;
}

/** Starts a server in a directory. */
export async function startBucket(directory: string, bucket: string): Promise<S3Bucket> {
  const server = await startS3(join(directory, 'server'));
  const { accessKeyId, secretAccessKey, port } = server;
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1', credentials });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  const credentialsPath = writeCredentials(join(directory, 'credentials'), {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  return { server, store: { type: 's3', endpoint, region: 'us-east-1', credentialsPath, allowPrivate: true } };
}

/** Credentials as a mounted Secret has them. */
export function writeCredentials(directory: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(directory, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content);
  }
  return directory;
}
