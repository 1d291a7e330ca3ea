import { type ApiAccess, accessFromEnvironment } from './access';
import { ApiConnection, type ApiRequest } from './connection';
import { apiVersionOf, type KubernetesObject, pathOf, type Resource } from './objects';
import { ObjectWatch, type ObjectWatcher, type WatchTimes } from './watch';

/** Options of one request. */
export interface RequestOptions {
  /**
   * Longest time until the whole answer is there, in milliseconds.
   *
   * @default 10000
   */
  readonly timeoutMillis?: number;

  /** Ends the request; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@link KubernetesApi.at}. */
export interface ApiOptions {
  /** @default default */
  readonly namespace?: string;

  /** @default - no token is sent */
  readonly token?: string;

  /** Certificates of authorities, in PEM. @default - those that Node knows */
  readonly ca?: string;
}

/** Options of {@link KubernetesApi.watch}. */
export interface WatchOptions<T> extends ObjectWatcher<T> {
  /** @default - answers of 30 to 60 s; 250 ms between attempts, growing to 10 s */
  readonly times?: WatchTimes;
}

const TIMEOUT_MILLIS = 10_000;

/**
 * The objects of one namespace, by the Kubernetes API.
 *
 * Every method that returns a promise of an object rejects with an `ApiError` when the API does not do what it is asked
 * for. Nothing is tried again, except for a read whose kept connection was closed.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
export class KubernetesApi {
  /**
   * The API of the cluster that this process runs in, with the token of its service account; in a sandbox of
   * `model-serving local` what stands in for it.
   *
   * @throws ConfigurationError when the pod is not told where it is
   */
  static fromEnvironment(): KubernetesApi {
    return new KubernetesApi(accessFromEnvironment());
  }

  /** The API at an `http://` or `https://` address. */
  static at(url: string, { namespace = 'default', ...credentials }: ApiOptions = {}): KubernetesApi {
    return new KubernetesApi({ url: new URL(url), namespace, credentials: async () => credentials });
  }

  /** Namespace of all the objects. */
  readonly namespace: string;

  private readonly connection: ApiConnection;

  private constructor(access: ApiAccess) {
    this.namespace = access.namespace;
    this.connection = new ApiConnection(access);
  }

  /** The object of a name. */
  get<T extends KubernetesObject>(resource: Resource, name: string, options?: RequestOptions): Promise<T> {
    return this.send({ method: 'GET', path: pathOf(resource, this.namespace, name) }, options);
  }

  /** The objects that have all of these labels. */
  async list<T extends KubernetesObject>(
    resource: Resource,
    labels: Readonly<Record<string, string>>,
    options?: RequestOptions,
  ): Promise<readonly T[]> {
    const selector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    const path = `${pathOf(resource, this.namespace)}?labelSelector=${encodeURIComponent(selector)}`;
    const { items = [] } = await this.send<{ readonly items?: readonly T[] }>({ method: 'GET', path }, options);
    return items;
  }

  /**
   * Puts an object in the place of the one of its name, and returns what became of it. When it has a `resourceVersion`, the
   * one in the API must have the same: else the error has the status 409.
   */
  replace<T extends KubernetesObject>(resource: Resource, object: T, options?: RequestOptions): Promise<T> {
    const path = pathOf(resource, this.namespace, object.metadata.name);
    return this.send({ method: 'PUT', path, body: typed(resource, object) }, options);
  }

  /**
   * Changes parts of an object, and returns what became of it.
   *
   * @param patch a merge patch (RFC 7396): what is null is removed
   */
  merge<T extends KubernetesObject>(
    resource: Resource,
    name: string,
    patch: object,
    options?: RequestOptions,
  ): Promise<T> {
    const path = pathOf(resource, this.namespace, name);
    return this.send({ method: 'PATCH', path, body: patch, contentType: 'application/merge-patch+json' }, options);
  }

  /** Makes an object, and returns what became of it. When there is one of its name, the error has the status 409. */
  create<T extends KubernetesObject>(resource: Resource, object: T, options?: RequestOptions): Promise<T> {
    return this.send(
      { method: 'POST', path: pathOf(resource, this.namespace), body: typed(resource, object) },
      options,
    );
  }

  /**
   * Tells of an object, and of every change of it, until the signal ends it: through failures of every kind, which are told
   * as well.
   */
  watch<T extends KubernetesObject>(resource: Resource, name: string, options: WatchOptions<T>): Promise<void> {
    const selector = encodeURIComponent(`metadata.name=${name}`);
    const path = `${pathOf(resource, this.namespace)}?fieldSelector=${selector}`;
    return new ObjectWatch<T>(this.connection, path, options, options.times).run();
  }

  private async send<T>(request: ApiRequest, options: RequestOptions = {}): Promise<T> {
    const { timeoutMillis = TIMEOUT_MILLIS, signal } = options;
    return (await this.connection.send(request, { timeoutMillis, signal })) as T;
  }
}

function typed<T extends KubernetesObject>(resource: Resource, object: T): T {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
}
