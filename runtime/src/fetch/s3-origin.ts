import type { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { ModelSourceConfig } from '../contract';
import { type Artifact, type Origin, type ReadRequest, rangeTotal, strongEtag } from './origin';
import { connectS3, s3Fault, s3Status } from './s3-client';

/** Amazon S3 and servers that speak its protocol. */
export async function s3Origin(source: ModelSourceConfig): Promise<Origin> {
  const uri = new URL(source.uri);
  const client = await connectS3(source);
  const address = { Bucket: uri.hostname, Key: decodeURIComponent(uri.pathname.slice(1)) };
  return {
    async open(request) {
      try {
        return await read(client, address, request);
      } catch (error) {
        throw s3Fault(error, source.uri);
      }
    },
    close: () => client.destroy(),
  };
}

async function read(
  client: S3Client,
  address: { Bucket: string; Key: string },
  { offset, etag, signal }: ReadRequest,
): Promise<Artifact> {
  const range = offset === 0 || etag === undefined ? {} : { Range: `bytes=${offset}-`, IfMatch: etag };
  let output: GetObjectCommandOutput;
  try {
    output = await client.send(new GetObjectCommand({ ...address, ...range }), { abortSignal: signal });
  } catch (error) {
    // 412: the object has changed. 416: it has become shorter. Both: begin again with what is there now.
    if (offset > 0 && [412, 416].includes(s3Status(error) ?? 0)) {
      return read(client, address, { offset: 0, signal });
    }
    throw error;
  }
  const first = rangeTotal(output.ContentRange);
  return {
    // On Node the body is always a stream of Node's; the type also covers browsers.
    body: output.Body as Readable,
    offset: first?.first ?? 0,
    totalBytes: first === undefined ? output.ContentLength : first.total,
    etag: strongEtag(output.ETag),
  };
}
