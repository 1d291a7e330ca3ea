import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { checkingAgents, send, storeAccess, webFault } from '../../fetch';
import { contentBody, contentBytes } from './content';
import type { OpenRequest, Page, PageRequest, StoreDriver } from './driver';
import { ObjectChangedError } from './error';
import { type Location, parseLocation } from './location';
import type { Content, ObjectInfo } from './object-store';
import type { StoreAccess } from './open-store';

/** What the service says of an object. */
interface Resource {
  readonly name: string;
  readonly size?: string;
  readonly generation?: string;
}

/** A request of the driver. */
interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: Content;
  readonly signal: AbortSignal;
}

/**
 * Google Cloud Storage, by its JSON API. A new object is an upload with `ifGenerationMatch=0`; the etag of an object is its
 * generation.
 *
 * Source: https://cloud.google.com/storage/docs/json_api/v1/objects
 */
export async function gcsDriver(uri: string, access: StoreAccess): Promise<StoreDriver> {
  const { gcsHeaders, GCS_ENDPOINT, GCS_SCOPES } = storeAccess.gcs();
  const headers = await gcsHeaders(access, GCS_SCOPES.write);
  return new GcsDriver(parseLocation(uri), access.endpoint ?? GCS_ENDPOINT, access.allowPrivate, headers);
}

class GcsDriver implements StoreDriver {
  private readonly agents: ReturnType<typeof checkingAgents>;

  constructor(
    private readonly location: Location,
    private readonly endpoint: string,
    private readonly allowPrivate: boolean,
    private readonly identity: () => Promise<Record<string, string>>,
  ) {
    this.agents = checkingAgents(allowPrivate, true);
  }

  get uri(): string {
    return this.location.uri;
  }

  async page({ prefix, shallow, after }: PageRequest, signal: AbortSignal): Promise<Page> {
    const { prefix: start } = this.location;
    const response = await this.ask({
      path: `/storage/v1/b/${this.bucket}/o`,
      query: { prefix: start + prefix, pageToken: after, ...(shallow ? { delimiter: '/' } : {}) },
      signal,
    });
    const body = (await this.json(response, prefix)) as {
      items?: Resource[];
      prefixes?: string[];
      nextPageToken?: string;
    };
    return {
      objects: (body.items ?? []).map((item) => this.info(item.name.slice(start.length), item)),
      folders: (body.prefixes ?? []).map((folder) => folder.slice(start.length)),
      next: body.nextPageToken,
    };
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    const response = await this.ask({ path: this.pathOf(key), signal });
    if (response.statusCode === 404) {
      response.resume();
      return undefined;
    }
    return this.info(key, (await this.json(response, key)) as Resource);
  }

  async open(key: string, { from, to, etag }: OpenRequest, signal: AbortSignal): Promise<Readable | undefined> {
    const response = await this.ask({
      path: this.pathOf(key),
      query: { alt: 'media', ifGenerationMatch: etag },
      headers: { range: `bytes=${from}-${to - 1}` },
      signal,
    });
    switch (response.statusCode) {
      case 200:
      case 206:
        return response;
      case 404:
        response.resume();
        return undefined;
      case 412:
      case 416:
        response.resume();
        throw new ObjectChangedError(this.uriOf(key));
      default:
        throw webFault(response, this.uriOf(key));
    }
  }

  async write(key: string, content: Content, onlyNew: boolean, signal: AbortSignal): Promise<boolean> {
    const response = await this.ask({
      method: 'POST',
      path: `/upload/storage/v1/b/${this.bucket}/o`,
      query: {
        uploadType: 'media',
        name: this.location.prefix + key,
        ...(onlyNew ? { ifGenerationMatch: '0' } : {}),
      },
      content,
      signal,
    });
    if (onlyNew && response.statusCode === 412) {
      response.resume();
      return false;
    }
    await this.json(response, key);
    return true;
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    const response = await this.ask({ method: 'DELETE', path: this.pathOf(key), signal });
    if (response.statusCode !== 204 && response.statusCode !== 200 && response.statusCode !== 404) {
      throw webFault(response, this.uriOf(key));
    }
    response.resume();
  }

  close(): void {
    this.agents.http.destroy();
    this.agents.https.destroy();
  }

  private async ask({ method, path, query = {}, headers = {}, content, signal }: Ask): Promise<IncomingMessage> {
    const url = new URL(path, this.endpoint);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) {
        url.searchParams.set(name, value);
      }
    }
    const described: Record<string, string> =
      content === undefined
        ? {}
        : { 'content-type': 'application/octet-stream', 'content-length': String(contentBytes(content)) };
    return send(
      { agents: this.agents, allowPrivate: this.allowPrivate },
      {
        method,
        url,
        headers: { ...(await this.identity()), ...described, ...headers },
        body: content === undefined ? undefined : contentBody(content),
        signal,
      },
    );
  }

  private async json(response: IncomingMessage, key: string): Promise<unknown> {
    if (response.statusCode !== 200) {
      throw webFault(response, this.uriOf(key));
    }
    return JSON.parse(await text(response));
  }

  private get bucket(): string {
    return encodeURIComponent(this.location.container);
  }

  private pathOf(key: string): string {
    return `/storage/v1/b/${this.bucket}/o/${encodeURIComponent(this.location.prefix + key)}`;
  }

  private info(key: string, { size, generation = '' }: Resource): ObjectInfo {
    return { key, uri: this.uriOf(key), bytes: Number(size ?? 0), etag: generation };
  }

  private uriOf(key: string): string {
    return `${this.uri}/${key}`;
  }
}
