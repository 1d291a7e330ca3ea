import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  type StorageSharedKeyCredential,
} from '@azure/storage-blob';
import type { ModelSourceConfig } from '../contract';
import { errorMessage } from '../telemetry';
import { AZURE_SCOPE, azureAccountKey, azureIdentity } from './azure-access';
import { FetchError } from './error';
import { type WebRequest, webOrigin } from './https-origin';
import type { Origin } from './origin';

/** Version of the storage protocol; bearer tokens need one to be named. */
const API_VERSION = '2025-01-05';
const CLOCK_SKEW_MILLIS = 5 * 60_000;

/**
 * Azure Blob Storage, by the Get Blob operation.
 *
 * With an account key, every request carries a shared access signature of its own: for this blob, for reading, for a few
 * minutes. Without one, the environment's identity is used where there is one; it is never sent to a host that is not Azure's.
 *
 * Source: https://learn.microsoft.com/rest/api/storageservices/get-blob
 */
export async function azureBlobOrigin(source: ModelSourceConfig): Promise<Origin> {
  const url = new URL(source.uri);
  const headers = { 'x-ms-version': API_VERSION };
  if (source.credentialsPath !== undefined) {
    const key = await azureAccountKey(source.credentialsPath);
    return webOrigin(source, async () => ({ url: signed(url, key, source.timeoutMillis), headers }));
  }
  const identity = await azureIdentity(url.hostname);
  if (identity === undefined) {
    return webOrigin(source, async () => ({ url, headers }));
  }
  return webOrigin(source, async (): Promise<WebRequest> => {
    const { token } = await identity.getToken(AZURE_SCOPE).catch((error: unknown) => {
      throw FetchError.transient(`No access token for Azure Blob Storage: ${errorMessage(error)}`, error);
    });
    return { url, headers: { ...headers, authorization: `Bearer ${token}` } };
  });
}

function signed(url: URL, key: StorageSharedKeyCredential, validMillis: number): URL {
  const [containerName = '', ...blob] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  const signature = generateBlobSASQueryParameters(
    {
      containerName,
      blobName: blob.join('/'),
      permissions: BlobSASPermissions.parse('r'),
      protocol: url.protocol === 'https:' ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
      expiresOn: new Date(Date.now() + validMillis + CLOCK_SKEW_MILLIS),
    },
    key,
  );
  const result = new URL(url);
  result.search = signature.toString();
  return result;
}
