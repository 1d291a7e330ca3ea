import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceHost } from '../config';
import type { Logger } from '../telemetry';
import { Apis } from './apis';
import type { LogLine } from './container';
import type { Manifest } from './manifests';
import { type LocalPlan, planLocal } from './plan';
import { Pod } from './pod';
import { POD_ADDRESS } from './pod-address';
import type { PodPlan } from './pod-plan';
import { PortPool } from './ports';
import type { Envoy } from './proxy';
import { KUBELET_RESTARTS, type RestartPolicy } from './restart-delay';
import { schemeOf, unprivileged } from './service-address';
import { endpointsOf, portsOfHost } from './service-hosts';
import type { ServicePlan } from './service-plan';
import { ServiceProxy } from './service-proxy';
import { serversFor } from './stand-ins';
import type { LocalStatus, PodStatus, ServiceStatus } from './status';

/** Options of {@link runLocal}. */
export interface LocalOptions {
  readonly logger: Logger;

  /**
   * Directories of this machine in place of volumes that need a cluster, by the name of the claim, the reference of the
   * image, or the name of the volume.
   *
   * @default - none
   */
  readonly volumes?: Readonly<Record<string, string>>;

  /**
   * Repositories (image references without tag and digest) that hold a copy of the runtime's image.
   *
   * @default - none but the runtime's own
   */
  readonly runtimeImages?: readonly string[];

  /**
   * Repositories (image references without tag and digest) that hold a copy of the image of Envoy.
   *
   * @default - none but Envoy's own
   */
  readonly proxyImages?: readonly string[];

  /**
   * What runs in the containers of proxies; `undefined` = the router of this runtime, which does less.
   *
   * @default - the Envoy that the environment variable `ENVOY` names, else `envoy` on the `PATH`, else the router
   */
  readonly envoy?: Envoy | undefined;

  /**
   * Servers of this machine (`host:port`) in place of Services, by the name that programs call a Service by, with or
   * without port. Pods behind such a Service are not run.
   *
   * @default - none
   */
  readonly services?: Readonly<Record<string, string>>;

  /**
   * Address that Services listen on.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string;

  /**
   * Called with each line that a container writes.
   *
   * @default - lines are thrown away
   */
  readonly output?: (line: LogLine) => void;

  /**
   * Delays between restarts.
   *
   * @default - the kubelet's
   */
  readonly restarts?: RestartPolicy;
}

/** Manifests that run. */
export interface LocalRun {
  /** What runs now. */
  status(): LocalStatus;

  /** Calls the listener after every change of the status, until the returned function is called. */
  onChange(listener: (status: LocalStatus) => void): () => void;

  /**
   * Ends everything without losing a request: Services refuse new connections, pods get SIGTERM and their grace period;
   * then all files are removed.
   */
  stop(): Promise<void>;
}

/**
 * Runs manifests as processes of this machine: the pods of every Deployment, a port for every port of a Service, and what
 * stands in for the Kubernetes API.
 *
 * @throws ManifestError with everything that cannot be run here as it is written; nothing has been started then
 */
export async function runLocal(manifests: readonly Manifest[], options: LocalOptions): Promise<LocalRun> {
  const plan = planLocal(manifests, options);
  const directory = mkdtempSync(join(tmpdir(), 'model-serving-local-'));
  try {
    return await Runner.start(plan, directory, options);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

class Runner implements LocalRun {
  private readonly listeners = new Set<(status: LocalStatus) => void>();
  private readonly proxies: { readonly plan: ServicePlan; readonly proxy: ServiceProxy }[] = [];
  private stopped: Promise<void> | undefined;

  private constructor(
    private readonly apis: Apis,
    private readonly directory: string,
    private readonly options: LocalOptions,
    private readonly pods: Map<PodPlan, Pod>,
  ) {}

  static async start(
    { objects, pods, services }: LocalPlan,
    directory: string,
    options: LocalOptions,
  ): Promise<Runner> {
    const running = new Map<PodPlan, Pod>();
    const apis = await Apis.start(
      pods.map(({ identity }) => identity.namespace),
      objects.kept,
      (host, port, namespace) => portsOfHost(host, port, namespace, services, running),
    );
    const run = new Runner(apis, directory, options, running);
    try {
      await run.listen(services.filter(({ headless }) => !headless));
    } catch (error) {
      await run.stop();
      throw error;
    }
    run.startPods(pods);
    return run;
  }

  private async listen(services: readonly ServicePlan[]): Promise<void> {
    const { host = '127.0.0.1', logger } = this.options;
    for (const service of services) {
      const proxy = await ServiceProxy.start({
        service: `${service.namespace}/${service.name}:${service.port.name || service.port.port}`,
        host,
        preferredPort: unprivileged(service.port.port),
        endpoints: () => endpointsOf(service, this.pods),
        logger,
      });
      this.proxies.push({ plan: service, proxy });
    }
  }

  private startPods(plans: readonly PodPlan[]): void {
    const { logger, output = () => undefined, restarts = KUBELET_RESTARTS } = this.options;
    const portPool = new PortPool();
    for (const plan of plans) {
      const { namespace, name } = plan.identity;
      const pod = new Pod(plan, {
        directory: join(this.directory, namespace, name),
        portPool,
        restarts,
        logger,
        output,
        servers: this.serversFor(namespace),
        api: this.apis.url(namespace),
        onChange: () => this.changed(),
      });
      this.pods.set(plan, pod);
    }
    for (const pod of this.pods.values()) {
      pod.start();
    }
  }

  /** What processes of a namespace connect to in place of others: Services of the manifests, and what the user names. */
  private serversFor(namespace: string): Record<string, string> {
    const { services = {} } = this.options;
    const own = this.proxies.map(({ plan: { name, namespace: home, port }, proxy }) => [
      `${serviceHost(name, home)}:${port.port}`,
      `${this.connectHost()}:${proxy.port}`,
    ]);
    return { ...Object.fromEntries(own), ...serversFor(namespace, services) };
  }

  /** Address of this machine that reaches what listens on the host of the options. */
  private connectHost(): string {
    const { host = POD_ADDRESS } = this.options;
    const address = host === '0.0.0.0' ? POD_ADDRESS : host === '::' ? '::1' : host;
    return address.includes(':') ? `[${address}]` : address;
  }

  status(): LocalStatus {
    const pods = [...this.pods.values()].map(statusOf);
    const services = this.proxies.map(({ plan: service, proxy }) => this.serviceStatus(service, proxy));
    return { ready: pods.every(({ ready }) => ready), services, apis: this.apis.status, pods };
  }

  onChange(listener: (status: LocalStatus) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    for (const { proxy } of this.proxies) {
      proxy.stopListening();
    }
    try {
      await Promise.all([...this.pods.values()].map((pod) => pod.stop()));
    } finally {
      for (const { proxy } of this.proxies) {
        proxy.cut();
      }
      await this.apis.close();
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  private serviceStatus(service: ServicePlan, proxy: ServiceProxy): ServiceStatus {
    const { namespace, name, port, targets } = service;
    const { host = '127.0.0.1' } = this.options;
    const address = `${host.includes(':') ? `[${host}]` : host}:${proxy.port}`;
    const scheme = schemeOf(port.name, port.appProtocol);
    return {
      namespace,
      name,
      port: port.name,
      address,
      ...(scheme === undefined ? {} : { url: `${scheme}://${address}` }),
      readyPods: endpointsOf(service, this.pods).length,
      pods: targets.size,
    };
  }

  private changed(): void {
    for (const listener of this.listeners) {
      listener(this.status());
    }
  }
}

function statusOf(pod: Pod): PodStatus {
  const { namespace, name } = pod.plan.identity;
  return { namespace, name, ready: pod.ready, containers: pod.containers };
}
