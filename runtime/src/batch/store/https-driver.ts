import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { checkingAgents, FetchError, get, rangeTotal, requiredCredential, strongEtag, webFault } from '../../fetch';
import type { OpenRequest, StoreDriver } from './driver';
import { ObjectChangedError, UnfitStoreError } from './error';
import type { ObjectInfo } from './object-store';
import type { StoreAccess } from './open-store';

/** Files of a web server: read by their names, since there is no way to list them. */
export async function httpsDriver(uri: string, access: StoreAccess): Promise<StoreDriver> {
  const agents = checkingAgents(access.allowPrivate, true);
  const options = { agents, allowPrivate: access.allowPrivate, redirectHosts: [] };
  const identity: Record<string, string> =
    access.credentialsPath === undefined
      ? {}
      : { authorization: await requiredCredential(access.credentialsPath, 'authorization') };
  const base = uri.replace(/\/+$/, '');
  const urlOf = (key: string) => new URL(`${base}/${key.split('/').map(encodeURIComponent).join('/')}`);
  const range = (key: string, from: number, to: number, signal: AbortSignal): Promise<IncomingMessage> =>
    get(options, { url: urlOf(key), headers: { ...identity, range: `bytes=${from}-${to - 1}` }, signal });
  const readOnly = () =>
    Promise.reject(new UnfitStoreError(`${base} is a web server, which can be read alone. Write to an object store.`));

  async function head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    // Not by HEAD: signed addresses are good for GET alone.
    const response = await range(key, 0, 1, signal);
    if (response.statusCode === 404 || response.statusCode === 410) {
      response.destroy();
      return undefined;
    }
    const extent = extentOf(response, urlOf(key));
    response.destroy();
    return { key, uri: urlOf(key).href, ...extent };
  }

  return {
    uri: base,
    async page({ prefix }, signal) {
      const found = prefix === '' ? undefined : await head(prefix, signal);
      return { objects: found === undefined ? [] : [found], folders: [] };
    },
    head,
    async open(key: string, { from, to, etag }: OpenRequest, signal: AbortSignal): Promise<Readable | undefined> {
      const response = await range(key, from, to, signal);
      if (response.statusCode === 404 || response.statusCode === 410) {
        response.destroy();
        return undefined;
      }
      const extent = extentOf(response, urlOf(key));
      if (etag !== undefined && extent.etag !== etag) {
        response.destroy();
        throw new ObjectChangedError(urlOf(key).href);
      }
      if (response.statusCode === 200 && (from > 0 || to < extent.bytes)) {
        response.destroy();
        throw FetchError.declaration(`${urlOf(key).host} cannot send a part of a file (Range). Use another server.`);
      }
      return response;
    },
    write: readOnly,
    delete: readOnly,
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** Size and version of the whole file. Without an ETag its time and size have to do. */
function extentOf(response: IncomingMessage, url: URL): { bytes: number; etag: string } {
  const { headers, statusCode } = response;
  if (statusCode !== 200 && statusCode !== 206) {
    throw webFault(response, url.href);
  }
  const bytes = statusCode === 206 ? rangeTotal(headers['content-range'])?.total : Number(headers['content-length']);
  if (bytes === undefined || !Number.isSafeInteger(bytes)) {
    response.destroy();
    throw FetchError.declaration(`${url.host} does not tell how long ${url.pathname} is. Use another server.`);
  }
  return { bytes, etag: strongEtag(headers.etag) ?? `${headers['last-modified'] ?? ''}-${bytes}` };
}
