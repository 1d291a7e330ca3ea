import { type ApiServer, startApiServer } from './api-server';
import type { Manifest } from './manifests';
import { DEFAULT_NAMESPACE } from './objects';
import { POD_ADDRESS } from './pod-address';

/** What stands in for the Kubernetes API, for the pods of one namespace. */
export interface ApiStatus {
  readonly namespace: string;
  readonly url: string;
  /** Names of the Leases of the manifests: each is that of a rollout. */
  readonly rollouts: readonly string[];
}

/** Ports of this machine for a container port of the pods behind a host, as the pods of a namespace name it. */
export type PodPorts = (host: string, containerPort: number, namespace: string) => readonly number[];

/** What stands in for the Kubernetes API: a server for each namespace, with the ConfigMaps and Leases of the manifests. */
export class Apis {
  private constructor(
    private readonly servers: ReadonlyMap<string, ApiServer>,
    private readonly kept: readonly Manifest[],
  ) {}

  static async start(namespaces: Iterable<string>, kept: readonly Manifest[], podPorts: PodPorts): Promise<Apis> {
    const servers = new Map<string, ApiServer>();
    const apis = new Apis(servers, kept);
    try {
      for (const namespace of new Set(namespaces)) {
        const podsOf = (host: string, containerPort: number) =>
          podPorts(host, containerPort, namespace).map((port) => ({ host: POD_ADDRESS, port }));
        servers.set(namespace, await startApiServer({ host: POD_ADDRESS, port: 0, namespace, podsOf }));
      }
      for (const manifest of kept) {
        servers.get(namespaceOf(manifest))?.apply(manifest);
      }
      return apis;
    } catch (error) {
      await apis.close();
      throw error;
    }
  }

  get status(): ApiStatus[] {
    const leases = this.kept.filter(({ kind }) => kind === 'Lease');
    return [...this.servers].map(([namespace, { url }]) => ({
      namespace,
      url,
      rollouts: leases.filter((lease) => namespaceOf(lease) === namespace).map(({ metadata }) => metadata.name),
    }));
  }

  /** Address for the pods of a namespace. */
  url(namespace: string): string {
    const server = this.servers.get(namespace);
    if (server === undefined) {
      throw new Error(`no API was started for the namespace ${namespace}`);
    }
    return server.url;
  }

  async close(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.close()));
  }
}

function namespaceOf({ metadata }: Manifest): string {
  return metadata.namespace ?? DEFAULT_NAMESPACE;
}
