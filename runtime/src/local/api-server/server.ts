import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type KubernetesObject, PODS_PATH, type PodAddress } from '../../kubernetes-api';
import { errorMessage } from '../../telemetry';
import { Failure, notFound } from './failure';
import { mergePatch } from './merge-patch';
import { answerRequest, selectorOf } from './object-requests';
import { resourceOfKind, targetOf } from './resources';
import { ObjectStore } from './store';
import { answerWatch } from './watch-answer';

/** Options of {@link startApiServer}. */
export interface ApiServerOptions {
  /** Address to listen on. */
  readonly host: string;

  /** 0 = any free one. */
  readonly port: number;

  /** The namespace whose objects it has. */
  readonly namespace: string;

  /** Where the port of the pods behind a headless Service listens on this machine. */
  readonly podsOf: (host: string, port: number) => readonly PodAddress[] | Promise<readonly PodAddress[]>;
}

/** A running server. */
export interface ApiServer {
  /** `http://host:port`. */
  readonly url: string;

  /**
   * Makes an object, or changes the one that is there as `kubectl apply` does: what the manifest does not name stays, and what is null
   * there goes.
   *
   * @throws Error when the kind is none that the server has
   */
  apply(object: KubernetesObject): void;

  /** An object as it is now. */
  get(kind: string, name: string): KubernetesObject | undefined;

  /** Forgets former versions: watches from before now are answered with 410, as after a compaction of etcd. */
  compact(): void;

  /** Ends the server and all of its connections. */
  close(): Promise<void>;
}

/**
 * Starts a server that answers as the Kubernetes API does, for ConfigMaps, Leases and Events of one namespace: GET, LIST
 * and WATCH (selected by `metadata.name`), POST, PUT with the precondition of `resourceVersion`, PATCH (merge) and DELETE.
 * It asks for no credentials, keeps everything in memory, and knows no defaults, finalizers, dry runs or pages.
 *
 * `GET /model-serving/pods?host=&port=` stands in for the DNS of headless Services.
 */
export async function startApiServer({ host, port, namespace, podsOf }: ApiServerOptions): Promise<ApiServer> {
  const store = new ObjectStore(namespace);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://api');
    if (pathname === PODS_PATH && request.method === 'GET') {
      send(response, 200, await podsOf(query.get('host') ?? '', Number(query.get('port'))));
      return;
    }
    const target = targetOf(pathname);
    if (target === undefined || target.namespace !== namespace) {
      throw notFound(pathname);
    }
    if (request.method === 'GET' && target.name === undefined && query.get('watch') === 'true') {
      answerWatch(store, target.resource, selectorOf(query), query, response);
    } else {
      const [status, body] = await answerRequest(store, target, query, request);
      send(response, status, body);
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const failure = error instanceof Failure ? error : new Failure(500, 'InternalError', errorMessage(error));
      send(response, failure.status, failure.toStatus());
    });
  });
  await listen(server, host, port);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    apply: (object) => apply(store, object),
    get: (kind, name) => {
      const resource = resourceOfKind(kind);
      return resource && store.find(resource, name);
    },
    compact: () => store.forget(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function apply(store: ObjectStore, object: KubernetesObject): void {
  const resource = resourceOfKind(object.kind);
  if (resource === undefined) {
    throw new Error(`This API has no objects of the kind ${object.kind}.`);
  }
  const { name } = object.metadata;
  if (store.find(resource, name) === undefined) {
    store.create(resource, mergePatch({}, object) as KubernetesObject);
  } else {
    store.merge(resource, name, object);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
