import { join } from 'node:path';
import { GoogleAuth } from 'google-auth-library';
import type { ModelSourceConfig } from '../contract';
import { errorMessage } from '../telemetry';
import { requiredCredential } from './credentials';
import { FetchError } from './error';
import { webOrigin } from './https-origin';
import type { Origin } from './origin';

const ENDPOINT = 'https://storage.googleapis.com';
const READ_ONLY = 'https://www.googleapis.com/auth/devstorage.read_only';
const KEY_FILE = 'service-account.json';

/**
 * Google Cloud Storage, by the JSON API's media download.
 *
 * Google's authentication library gives the token; the bytes come over the same checked connections as any other
 * download. The credentials file may be a service-account key or a workload-identity-federation configuration.
 * Without one, the environment's identity is used, or none; that identity is never sent to an endpoint that is not Google's.
 *
 * Source: https://cloud.google.com/storage/docs/json_api/v1/objects/get
 */
export async function gcsOrigin(source: ModelSourceConfig): Promise<Origin> {
  const uri = new URL(source.uri);
  const object = encodeURIComponent(decodeURIComponent(uri.pathname.slice(1)));
  const url = new URL(
    `/storage/v1/b/${encodeURIComponent(uri.hostname)}/o/${object}?alt=media`,
    source.endpoint ?? ENDPOINT,
  );
  const auth = await authentication(source);
  return webOrigin(source, async () => ({ url, headers: auth === undefined ? {} : await tokenHeaders(auth) }));
}

async function authentication({ credentialsPath, endpoint }: ModelSourceConfig): Promise<GoogleAuth | undefined> {
  if (credentialsPath !== undefined) {
    await requiredCredential(credentialsPath, KEY_FILE);
    return new GoogleAuth({ keyFilename: join(credentialsPath, KEY_FILE), scopes: [READ_ONLY] });
  }
  if (endpoint !== undefined) {
    return undefined;
  }
  const auth = new GoogleAuth({ scopes: [READ_ONLY] });
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
