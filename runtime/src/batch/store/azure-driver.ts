import type { Readable } from 'node:stream';
import {
  AnonymousCredential,
  ContainerClient as Container,
  type ContainerClient,
  newPipeline,
  type RequestPolicy,
  type RestError,
} from '@azure/storage-blob';
import { checkingAgents, checkLiteral, FetchError, statusFault, storeAccess } from '../../fetch';
import { errorMessage } from '../../telemetry';
import { contentBody, contentBytes, contentDigests, requireOneRequest } from './content';
import type { OpenRequest, Page, PageRequest, StoreDriver } from './driver';
import { ObjectChangedError } from './error';
import { asFolder, parseLocation } from './location';
import type { Content, ObjectInfo } from './object-store';
import type { StoreAccess } from './open-store';
import { ifPresent } from './present';

/**
 * Azure Blob Storage. A new blob is a Put Blob with `If-None-Match: *`.
 *
 * Source: https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations
 */
export async function azureDriver(uri: string, access: StoreAccess): Promise<StoreDriver> {
  const url = new URL(access.endpoint ?? uri);
  checkLiteral(url, access.allowPrivate);
  const { azureAccountKey, azureIdentity } = storeAccess.azure();
  const credential =
    access.credentialsPath === undefined
      ? ((await azureIdentity(url.hostname)) ?? new AnonymousCredential())
      : await azureAccountKey(access.credentialsPath);
  const agents = checkingAgents(access.allowPrivate, true);
  // Whoever uses the driver tries again, by one policy for all stores.
  const pipeline = newPipeline(credential, { retryOptions: { maxTries: 1 } });
  pipeline.factories.unshift({
    create: (next: RequestPolicy): RequestPolicy => ({
      sendRequest(request) {
        request.agent = new URL(request.url).protocol === 'https:' ? agents.https : agents.http;
        return next.sendRequest(request);
      },
    }),
  });
  const { root, prefix } = split(uri, access.endpoint, credential);
  return new AzureDriver(new Container(root, pipeline), prefix, uri.replace(/\/+$/, ''), () => {
    agents.http.destroy();
    agents.https.destroy();
  });
}

/** The container is the first part of the path; the second one where the account is in the path, as in emulators. */
function split(uri: string, endpoint: string | undefined, credential: object): { root: string; prefix: string } {
  const { container: host, prefix: path } = parseLocation(uri);
  const segments = path.split('/').slice(0, -1);
  const account = 'accountName' in credential ? credential.accountName : undefined;
  const length = !host.startsWith(`${account}.`) && segments[0] === account ? 2 : 1;
  const service = endpoint === undefined ? new URL(uri).origin : endpoint.replace(/\/+$/, '');
  const root = [service, ...segments.slice(0, length).map(encodeURIComponent)].join('/');
  return { root, prefix: asFolder(segments.slice(length).join('/')) };
}

class AzureDriver implements StoreDriver {
  constructor(
    private readonly container: ContainerClient,
    private readonly prefix: string,
    readonly uri: string,
    readonly close: () => void,
  ) {}

  page({ prefix, shallow, after }: PageRequest, abortSignal: AbortSignal): Promise<Page> {
    return this.asking(prefix, async () => {
      const options = { prefix: this.prefix + prefix, abortSignal };
      const pages = (
        shallow ? this.container.listBlobsByHierarchy('/', options) : this.container.listBlobsFlat(options)
      ).byPage({ continuationToken: after });
      const { value } = await pages.next();
      const { blobItems, blobPrefixes = [] } = value.segment as {
        blobItems: { name: string; properties: { contentLength?: number; etag?: string } }[];
        blobPrefixes?: { name: string }[];
      };
      return {
        objects: blobItems.map(({ name, properties }) =>
          this.info(name.slice(this.prefix.length), properties.contentLength, properties.etag),
        ),
        folders: blobPrefixes.map(({ name }) => name.slice(this.prefix.length)),
        next: value.continuationToken || undefined,
      };
    });
  }

  head(key: string, abortSignal: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.askingIfPresent(key, async () => {
      const { contentLength, etag } = await this.blob(key).getProperties({ abortSignal });
      return this.info(key, contentLength, etag);
    });
  }

  open(key: string, { from, to, etag }: OpenRequest, abortSignal: AbortSignal): Promise<Readable | undefined> {
    return this.askingIfPresent(key, async () => {
      const conditions = etag === undefined ? {} : { ifMatch: etag };
      const { readableStreamBody } = await this.blob(key).download(from, to - from, { conditions, abortSignal });
      return readableStreamBody as Readable;
    });
  }

  write(key: string, content: Content, onlyNew: boolean, abortSignal: AbortSignal): Promise<boolean> {
    return this.asking(key, async () => {
      requireOneRequest(content, this.uriOf(key));
      const body = contentBody(content);
      const { md5 } = contentDigests(content);
      try {
        await this.blob(key).upload(Buffer.isBuffer(body) ? body : () => body, contentBytes(content), {
          abortSignal,
          blobHTTPHeaders: { blobContentMD5: Buffer.from(md5, 'base64') },
          conditions: onlyNew ? { ifNoneMatch: '*' } : {},
        });
        return true;
      } catch (error) {
        if (onlyNew && [409, 412].includes(statusOf(error) ?? 0)) {
          return false;
        }
        throw error;
      }
    });
  }

  delete(key: string, abortSignal: AbortSignal): Promise<void> {
    return this.asking(key, async () => {
      await this.blob(key).deleteIfExists({ abortSignal });
    });
  }

  private askingIfPresent<T>(key: string, ask: () => Promise<T>): Promise<T | undefined> {
    return this.asking(key, () => ifPresent(this.uriOf(key), statusOf, ask));
  }

  private async asking<T>(key: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof ObjectChangedError || error instanceof FetchError) {
        throw error;
      }
      const status = statusOf(error);
      if (status === undefined) {
        throw FetchError.transient(`${this.uriOf(key)}: ${errorMessage(error)}`, error);
      }
      const { retryable, hint } = statusFault(status);
      const code = (error as RestError).code ?? '';
      const message = `${this.uriOf(key)}: the server answered ${status} ${code}. ${hint}`;
      throw retryable ? FetchError.transient(message, error) : FetchError.declaration(message, error);
    }
  }

  private blob(key: string) {
    return this.container.getBlockBlobClient(this.prefix + key);
  }

  private info(key: string, bytes = 0, etag = ''): ObjectInfo {
    return { key, uri: this.uriOf(key), bytes, etag: etag.startsWith('"') ? etag : `"${etag}"` };
  }

  private uriOf(key: string): string {
    return `${this.uri}/${key}`;
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error ? Number(error.statusCode) || undefined : undefined;
}
