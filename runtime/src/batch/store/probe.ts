import { UnfitStoreError } from './error';
import type { ObjectStore } from './object-store';

/**
 * Makes sure that a store refuses to create an object that exists: some servers ignore the condition, and then two
 * processes can both believe that they were first.
 *
 * @param key object that may be made for it, and stays
 * @throws UnfitStoreError when it does not refuse
 */
export async function requireCreateOnly(store: ObjectStore, key: string): Promise<void> {
  const content = Buffer.from('{}');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if ((await store.create(key, content)) === 'exists') {
      return;
    }
  }
  throw new UnfitStoreError(
    `${store.uri} lets an object be created that exists already, so no row could be promised to be written once. ` +
      'Use a store with conditional writes (If-None-Match: *): Amazon S3, MinIO, versitygw, Google Cloud Storage, Azure Blob Storage, or a volume.',
  );
}
