import { DefaultAzureCredential } from '@azure/identity';
import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import type { ModelSourceConfig } from '../contract';
import { errorMessage } from '../telemetry';
import { requiredCredential } from './credentials';
import { FetchError } from './error';
import { type WebRequest, webOrigin } from './https-origin';
import type { Origin } from './origin';

/** Version of the storage protocol; bearer tokens need one to be named. */
const API_VERSION = '2025-01-05';
const SCOPE = 'https://storage.azure.com/.default';
const AZURE_HOSTS = [
  '.blob.core.windows.net',
  '.blob.storage.azure.net',
  '.blob.core.chinacloudapi.cn',
  '.blob.core.usgovcloudapi.net',
];
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
    const key = await accountKey(source.credentialsPath);
    return webOrigin(source, async () => ({ url: signed(url, key, source.timeoutMillis), headers }));
  }
  const identity = AZURE_HOSTS.some((suffix) => url.hostname.endsWith(suffix))
    ? await environmentIdentity()
    : undefined;
  if (identity === undefined) {
    return webOrigin(source, async () => ({ url, headers }));
  }
  return webOrigin(source, async (): Promise<WebRequest> => {
    const { token } = await identity.getToken(SCOPE).catch((error: unknown) => {
      throw FetchError.transient(`No access token for Azure Blob Storage: ${errorMessage(error)}`, error);
    });
    return { url, headers: { ...headers, authorization: `Bearer ${token}` } };
  });
}

async function accountKey(directory: string): Promise<StorageSharedKeyCredential> {
  const account = await requiredCredential(directory, 'AZURE_STORAGE_ACCOUNT');
  return new StorageSharedKeyCredential(account, await requiredCredential(directory, 'AZURE_STORAGE_KEY'));
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

async function environmentIdentity(): Promise<DefaultAzureCredential | undefined> {
  const identity = new DefaultAzureCredential();
  try {
    await identity.getToken(SCOPE);
    return identity;
  } catch {
    // No identity in this environment: public blobs can be read without.
    return undefined;
  }
}
