import type { ObjectLocationConfig, ObjectStoreConfig } from '../../contract';
import { DEFAULT_RETRY, FetchError, type RetryPolicy } from '../../fetch';
import type { Logger } from '../../telemetry';
import type { StoreDriver } from './driver';
import type { ObjectStore } from './object-store';
import { posixDriver } from './posix-driver';
import { RetryingStore } from './retrying-store';

/** How a store is reached, and as whom. */
export type StoreAccess = Omit<ObjectStoreConfig, 'type' | 'allowPrivate'> & { readonly allowPrivate: boolean };

/** Options of {@link openStore}. */
export interface OpenStoreOptions {
  readonly logger: Logger;

  /** @default - five attempts within about half a minute */
  readonly retry?: RetryPolicy;

  /**
   * Ends everything, with its reason as the error.
   *
   * @default - nothing ends it
   */
  readonly signal?: AbortSignal;
}

/**
 * Opens the objects below a location; nothing is asked of the store yet.
 *
 * @throws FetchError when the address or the credentials cannot be used
 */
export async function openStore(
  { uri, store }: ObjectLocationConfig,
  { logger, retry = DEFAULT_RETRY, signal }: OpenStoreOptions,
): Promise<ObjectStore> {
  const access = { ...store, allowPrivate: store.allowPrivate ?? false };
  return new RetryingStore(await driverFor(store.type, uri, access), { logger, retry, signal });
}

/** Each client is loaded only when it is used: they are large. */
async function driverFor(type: string, uri: string, access: StoreAccess): Promise<StoreDriver> {
  switch (type) {
    case 's3': {
      const { s3Driver } = require('./s3-driver') as typeof import('./s3-driver');
      return s3Driver(uri, access);
    }
    case 'gcs': {
      const { gcsDriver } = require('./gcs-driver') as typeof import('./gcs-driver');
      return gcsDriver(uri, access);
    }
    case 'azure-blob': {
      const { azureDriver } = require('./azure-driver') as typeof import('./azure-driver');
      return azureDriver(uri, access);
    }
    case 'https': {
      const { httpsDriver } = require('./https-driver') as typeof import('./https-driver');
      return httpsDriver(uri, access);
    }
    case 'file':
      return posixDriver(uri);
    default:
      throw FetchError.declaration(`There is no object store of the type ${type}.`);
  }
}
