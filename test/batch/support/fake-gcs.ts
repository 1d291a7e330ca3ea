import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

const PAGE = 3;

/** A Google Cloud Storage of one test file: generations and their conditions are as the service has them. */
export interface FakeGcs {
  readonly url: string;
  readonly objects: ReadonlyMap<string, { readonly content: Buffer; readonly generation: number }>;
  stop(): Promise<void>;
}

/** Starts the server. Source: https://cloud.google.com/storage/docs/json_api/v1/objects */
export async function startFakeGcs(): Promise<FakeGcs> {
  const objects = new Map<string, { content: Buffer; generation: number }>();
  let generation = 1000;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://fake');
    const query = Object.fromEntries(url.searchParams);
    const json = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const resource = (name: string) => {
      const object = objects.get(name);
      return { name, size: String(object?.content.length), generation: String(object?.generation) };
    };
    if (request.method === 'POST') {
      const name = query.name ?? '';
      const content = await buffer(request);
      if (query.ifGenerationMatch === '0' && objects.has(name)) {
        json(412, { error: { code: 412, message: 'conditionNotMet' } });
        return;
      }
      generation += 1;
      objects.set(name, { content, generation });
      json(200, resource(name));
      return;
    }
    const name = decodeURIComponent(/\/o\/(.+)$/.exec(url.pathname)?.[1] ?? '');
    if (name === '') {
      list(query, json);
      return;
    }
    const object = objects.get(name);
    if (object === undefined) {
      json(404, { error: { code: 404 } });
    } else if (request.method === 'DELETE') {
      objects.delete(name);
      response.writeHead(204).end();
    } else if (query.ifGenerationMatch !== undefined && query.ifGenerationMatch !== String(object.generation)) {
      json(412, { error: { code: 412 } });
    } else if (query.alt === 'media') {
      const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
      response.writeHead(206).end(object.content.subarray(Number(from), to === '' ? undefined : Number(to) + 1));
    } else {
      json(200, resource(name));
    }

    function list({ prefix = '', delimiter, pageToken = '' }: Record<string, string>, send: typeof json): void {
      const names = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
      const folderOf = (key: string) => {
        const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
        return end < 0 ? undefined : key.slice(0, end + 1);
      };
      const rest = names.filter((key) => key > pageToken);
      const page = rest.slice(0, PAGE);
      send(200, {
        items: page.filter((key) => folderOf(key) === undefined).map(resource),
        prefixes: [...new Set(page.flatMap((key) => folderOf(key) ?? []))],
        ...(rest.length > PAGE ? { nextPageToken: page.at(-1) } : {}),
      });
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
