import { DefaultAzureCredential } from '@azure/identity';
import { StorageSharedKeyCredential } from '@azure/storage-blob';
import { requiredCredential } from './credentials';

/** What an access token for storage is for. */
export const AZURE_SCOPE = 'https://storage.azure.com/.default';

const HOSTS = [
  '.blob.core.windows.net',
  '.blob.storage.azure.net',
  '.blob.core.chinacloudapi.cn',
  '.blob.core.usgovcloudapi.net',
];

/** The mounted account key. @throws FetchError when it is missing */
export async function azureAccountKey(directory: string): Promise<StorageSharedKeyCredential> {
  const account = await requiredCredential(directory, 'AZURE_STORAGE_ACCOUNT');
  return new StorageSharedKeyCredential(account, await requiredCredential(directory, 'AZURE_STORAGE_KEY'));
}

/** The environment's identity, for a host of Azure's alone; undefined when there is none. */
export async function azureIdentity(hostname: string): Promise<DefaultAzureCredential | undefined> {
  if (!HOSTS.some((suffix) => hostname.endsWith(suffix))) {
    return undefined;
  }
  const identity = new DefaultAzureCredential();
  try {
    await identity.getToken(AZURE_SCOPE);
    return identity;
  } catch {
    // No identity in this environment: public blobs can be read without.
    return undefined;
  }
}
