import type { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { ModelSourceConfig } from '../contract';
import { errorMessage } from '../telemetry';
import { checkingAgents, checkLiteral } from './addresses';
import { optionalCredential, requiredCredential } from './credentials';
import { FetchError } from './error';
import { type Artifact, type Origin, type ReadRequest, rangeTotal, statusFault, strongEtag } from './origin';

const DEFAULT_REGION = 'us-east-1';

/** Amazon S3 and servers that speak its protocol. */
export async function s3Origin(source: ModelSourceConfig): Promise<Origin> {
  const uri = new URL(source.uri);
  if (source.endpoint !== undefined) {
    checkLiteral(new URL(source.endpoint), source.allowPrivate);
  }
  const client = await connect(source);
  const address = { Bucket: uri.hostname, Key: decodeURIComponent(uri.pathname.slice(1)) };
  return {
    async open(request) {
      try {
        return await read(client, address, request);
      } catch (error) {
        throw faultOf(error, source.uri);
      }
    },
    close: () => client.destroy(),
  };
}

async function connect(source: ModelSourceConfig): Promise<S3Client> {
  const agents = checkingAgents(source.allowPrivate);
  const options: S3ClientConfig = {
    region: source.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? DEFAULT_REGION,
    requestHandler: { httpAgent: agents.http, httpsAgent: agents.https },
    // One retry policy for all origins, in download.ts.
    maxAttempts: 1,
    // The digest of the whole file is checked; the checksum of an object says nothing about a part of it.
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Other servers seldom have a name for each bucket.
    ...(source.endpoint === undefined ? {} : { endpoint: source.endpoint, forcePathStyle: true }),
  };
  if (source.credentialsPath !== undefined) {
    const directory = source.credentialsPath;
    const credentials = {
      accessKeyId: await requiredCredential(directory, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: await requiredCredential(directory, 'AWS_SECRET_ACCESS_KEY'),
      sessionToken: await optionalCredential(directory, 'AWS_SESSION_TOKEN'),
    };
    return new S3Client({ ...options, credentials });
  }
  const client = new S3Client(options);
  return (await hasIdentity(client)) ? client : anonymous(client, options);
}

async function hasIdentity(client: S3Client): Promise<boolean> {
  try {
    await client.config.credentials();
    return true;
  } catch {
    // No identity in this environment: public objects can be read without.
    return false;
  }
}

function anonymous(unused: S3Client, options: S3ClientConfig): S3Client {
  unused.destroy();
  return new S3Client({
    ...options,
    credentials: { accessKeyId: '', secretAccessKey: '' },
    signer: { sign: async (request) => request },
  });
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
    if (offset > 0 && [412, 416].includes(statusOf(error) ?? 0)) {
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

function faultOf(error: unknown, uri: string): FetchError {
  if (error instanceof FetchError) {
    return error;
  }
  const status = statusOf(error);
  const name = error instanceof Error ? error.name : '';
  if (status === undefined) {
    return FetchError.transient(`${uri}: ${errorMessage(error)}`, error);
  }
  const { retryable, hint } = statusFault(status);
  const message = `${uri}: the server answered ${status} ${name}. ${hint}`;
  return retryable ? FetchError.transient(message, error) : FetchError.declaration(message, error);
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) {
    return undefined;
  }
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: number };
  return httpStatusCode;
}
