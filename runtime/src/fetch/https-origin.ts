import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { ModelSourceConfig } from '../contract';
import { checkingAgents } from './addresses';
import { requiredCredential } from './credentials';
import { FetchError } from './error';
import type { Artifact, Origin, ReadRequest } from './origin';
import { extentOf, faultOf, get, rangeHeaders, type WebOptions } from './web';

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Any web server. */
export async function httpsOrigin(source: ModelSourceConfig): Promise<Origin> {
  const url = new URL(source.uri);
  const headers: Record<string, string> =
    source.credentialsPath === undefined
      ? {}
      : { authorization: headerValue(await requiredCredential(source.credentialsPath, 'authorization')) };
  return webOrigin(source, async () => ({ url, headers }));
}

/** Where to send a request, and with which headers. */
export interface WebRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** An origin that is read by plain GET requests; `requestFor` is asked before each, because tokens expire. */
export function webOrigin(source: ModelSourceConfig, requestFor: () => Promise<WebRequest>): Origin {
  const agents = checkingAgents(source.allowPrivate);
  const options: WebOptions = {
    agents,
    allowPrivate: source.allowPrivate,
    redirectHosts: source.redirectHosts ?? [],
  };
  return {
    async open(request) {
      const target = await requestFor();
      const artifact = await tryOpen(options, target, request);
      // The server has not what was asked for: the whole artifact is always right.
      return artifact ?? (await fromBeginning(options, target, request));
    },
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

async function fromBeginning(options: WebOptions, target: WebRequest, { signal }: ReadRequest): Promise<Artifact> {
  const artifact = await tryOpen(options, target, { offset: 0, signal });
  if (artifact === undefined) {
    throw FetchError.transient(
      `${target.url.host} answers with a part of the artifact although all of it was asked for.`,
    );
  }
  return artifact;
}

async function tryOpen(
  options: WebOptions,
  { url, headers }: WebRequest,
  { offset, etag, signal }: ReadRequest,
): Promise<Artifact | undefined> {
  const response = await get(options, { url, headers: { ...headers, ...rangeHeaders(offset, etag) }, signal });
  const status = response.statusCode ?? 0;
  if (status === 416 && offset > 0) {
    response.destroy();
    return undefined;
  }
  if (status !== 200 && status !== 206) {
    throw faultOf(response, url.host);
  }
  const extent = extentOf(response, offset);
  if (extent === undefined) {
    response.destroy();
    return undefined;
  }
  refusePages(response, url);
  return decoded(response, extent, url);
}

/** A page for people, of a log-in or of an error, is not a model, whatever its status code says. */
function refusePages(response: IncomingMessage, url: URL): void {
  const type = response.headers['content-type'] ?? '';
  if (/^(text\/html|application\/xhtml\+xml)\b/i.test(type)) {
    response.destroy();
    throw FetchError.declaration(
      `${url.host} answered with a web page (${type}), not with a file. Check the address and the credentials.`,
    );
  }
}

/** Undoes a content encoding that the server applied although none was asked for. */
function decoded(response: IncomingMessage, extent: Omit<Artifact, 'body'>, url: URL): Artifact {
  const encoding = (response.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity') {
    return { body: response, ...extent };
  }
  const decoder = DECODERS[encoding];
  if (decoder === undefined) {
    response.destroy();
    throw FetchError.declaration(
      `${url.host} sends the content encoding ${encoding}, which is not known. Serve the file as it is.`,
    );
  }
  const body = decoder();
  response.on('error', (error) => body.destroy(error));
  response.pipe(body);
  body.on('close', () => response.destroy());
  // Neither the length nor a position in the encoded bytes says anything about the decoded ones.
  return { body, offset: 0 };
}

function headerValue(text: string): string {
  if (/[^\t\x20-\x7e]/.test(text)) {
    throw FetchError.declaration(
      'The credential authorization is not one line of printable ASCII, as a header must be.',
    );
  }
  return text;
}
