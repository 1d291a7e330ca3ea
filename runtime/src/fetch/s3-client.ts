import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { ModelSourceConfig } from '../contract';
import { errorMessage } from '../telemetry';
import { checkingAgents, checkLiteral } from './addresses';
import { optionalCredential, requiredCredential } from './credentials';
import { FetchError } from './error';
import { statusFault } from './origin';

/** Servers take signatures that are 15 minutes old; a clock that is off by less than this is not the reason. */
const MAX_SKEW_MILLIS = 10 * 60_000;

const DEFAULT_REGION = 'us-east-1';

const ignore = () => undefined;
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

/** How a server is reached, and as whom. */
export type S3Access = Pick<ModelSourceConfig, 'endpoint' | 'region' | 'credentialsPath' | 'allowPrivate'>;

/**
 * A client of Amazon S3 and of servers that speak its protocol, with the mounted credentials, else the environment's
 * identity, else none. It tries nothing again.
 *
 * @param keepAlive whether connections are used again, for many requests
 * @throws FetchError
 */
export async function connectS3(access: S3Access, keepAlive = false): Promise<S3Client> {
  if (access.endpoint !== undefined) {
    checkLiteral(new URL(access.endpoint), access.allowPrivate);
  }
  const agents = checkingAgents(access.allowPrivate, keepAlive);
  const options: S3ClientConfig = {
    region: access.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? DEFAULT_REGION,
    requestHandler: { httpAgent: agents.http, httpsAgent: agents.https },
    // Whoever uses the client tries again, by one policy for all stores.
    maxAttempts: 1,
    // And says so: the client would write to standard error.
    logger: SILENT,
    // Digests of whole files are checked; the checksum of an object says nothing about a part of it.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Other servers seldom have a name for each bucket.
    ...(access.endpoint === undefined ? {} : { endpoint: access.endpoint, forcePathStyle: true }),
  };
  if (access.credentialsPath !== undefined) {
    const directory = access.credentialsPath;
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

/** What an error of the client means. @param subject what was asked for */
export function s3Fault(error: unknown, subject: string): FetchError {
  if (error instanceof FetchError) {
    return error;
  }
  const status = s3Status(error);
  const name = error instanceof Error ? error.name : '';
  if (status === undefined) {
    return FetchError.transient(`${subject}: ${errorMessage(error)}`, error);
  }
  if (status === 403 && skewMillis(error) > MAX_SKEW_MILLIS) {
    // A signature holds the time. The client has learned the server's from this answer, and signs the next request by it.
    return FetchError.transient(`${subject}: the clock of this machine is not that of the server.`, error);
  }
  const { retryable, hint } = statusFault(status);
  const message = `${subject}: the server answered ${status} ${name}. ${hint}`;
  return retryable ? FetchError.transient(message, error) : FetchError.declaration(message, error);
}

/** The status code of an error of the client; undefined when there was no answer. */
export function s3Status(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) {
    return undefined;
  }
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: number };
  return httpStatusCode;
}

/** How far the clock of this machine is from that of the server that answered; 0 when the answer does not tell. */
function skewMillis(error: unknown): number {
  const { $response } = error as { $response?: { headers?: Record<string, string | undefined> } };
  const difference = Math.abs(Date.parse($response?.headers?.date ?? '') - Date.now());
  return Number.isNaN(difference) ? 0 : difference;
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
