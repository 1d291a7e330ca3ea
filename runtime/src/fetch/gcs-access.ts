import { join } from 'node:path';
import { GoogleAuth } from 'google-auth-library';
import type { ModelSourceConfig } from '../contract';
import { errorMessage } from '../telemetry';
import { requiredCredential } from './credentials';
import { FetchError } from './error';

/** Google's own service. */
export const GCS_ENDPOINT = 'https://storage.googleapis.com';

/** What a token may do. */
export const GCS_SCOPES = {
  read: 'https://www.googleapis.com/auth/devstorage.read_only',
  write: 'https://www.googleapis.com/auth/devstorage.read_write',
} as const;

const KEY_FILE = 'service-account.json';

/** How the service is reached, and as whom. */
export type GcsAccess = Pick<ModelSourceConfig, 'endpoint' | 'credentialsPath'>;

/**
 * What gives the headers that prove who asks; Google's library renews the token.
 *
 * The credentials file may be a service-account key or a workload-identity-federation configuration. Without one, the
 * environment's identity is used, or none; that identity is never sent to an endpoint that is not Google's.
 *
 * @throws FetchError when the mounted credentials are missing
 */
export async function gcsHeaders(access: GcsAccess, scope: string): Promise<() => Promise<Record<string, string>>> {
  const auth = await authentication(access, scope);
  return async () => (auth === undefined ? {} : tokenHeaders(auth));
}

async function authentication(
  { credentialsPath, endpoint }: GcsAccess,
  scope: string,
): Promise<GoogleAuth | undefined> {
  if (credentialsPath !== undefined) {
    await requiredCredential(credentialsPath, KEY_FILE);
    return new GoogleAuth({ keyFilename: join(credentialsPath, KEY_FILE), scopes: [scope] });
  }
  if (endpoint !== undefined) {
    return undefined;
  }
  const auth = new GoogleAuth({ scopes: [scope] });
  return (await hasIdentity(auth)) ? auth : undefined;
}

async function hasIdentity(auth: GoogleAuth): Promise<boolean> {
  try {
    await auth.getClient();
    return true;
  } catch {
    // No identity in this environment: public objects can be read without.
    return false;
  }
}

async function tokenHeaders(auth: GoogleAuth): Promise<Record<string, string>> {
  try {
    const token = await auth.getAccessToken();
    return { authorization: `Bearer ${token ?? ''}` };
  } catch (error) {
    throw FetchError.transient(`No access token for Google Cloud Storage: ${errorMessage(error)}`, error);
  }
}
