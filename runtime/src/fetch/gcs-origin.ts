import type { ModelSourceConfig } from '../contract';
import { GCS_ENDPOINT, GCS_SCOPES, gcsHeaders } from './gcs-access';
import { webOrigin } from './https-origin';
import type { Origin } from './origin';

/**
 * Google Cloud Storage, by the JSON API's media download.
 *
 * Google's authentication library gives the token; the bytes come over the same checked connections as any other
 * download.
 *
 * Source: https://cloud.google.com/storage/docs/json_api/v1/objects/get
 */
export async function gcsOrigin(source: ModelSourceConfig): Promise<Origin> {
  const uri = new URL(source.uri);
  const object = encodeURIComponent(decodeURIComponent(uri.pathname.slice(1)));
  const url = new URL(
    `/storage/v1/b/${encodeURIComponent(uri.hostname)}/o/${object}?alt=media`,
    source.endpoint ?? GCS_ENDPOINT,
  );
  const headers = await gcsHeaders(source, GCS_SCOPES.read);
  return webOrigin(source, async () => ({ url, headers: await headers() }));
}
