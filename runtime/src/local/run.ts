import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RUNTIME_VERSION } from '../contract';
import type { Logger } from '../telemetry';
import type { LogLine } from './container';
import { ManifestError } from './error';
import { tagOf } from './image';
import type { Manifest } from './manifests';
import { objectsOf } from './objects';
import { Pod } from './pod';
import { type PodPlan, planPods } from './pod-plan';
import { PortPool } from './ports';
import { KUBELET_RESTARTS, type RestartPolicy } from './restart-delay';
import { schemeOf, unprivileged } from './service-address';
import { planService, type ServicePlan } from './service-plan';
import { ServiceProxy } from './service-proxy';
import { serversFor, withoutStandIns } from './stand-ins';
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
 * Runs manifests as processes of this machine: the pods of every Deployment, and a port for every port of a Service.
 *
 * @throws ManifestError with everything that cannot be run here as it is written; nothing has been started then
 */
export async function runLocal(manifests: readonly Manifest[], options: LocalOptions): Promise<LocalRun> {
  const { pods, services } = plan(manifests, options);
  const directory = mkdtempSync(join(tmpdir(), 'model-serving-local-'));
  try {
    const run = new Runner(pods, directory, options);
    await run.start(services);
    return run;
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function plan(manifests: readonly Manifest[], options: LocalOptions): { pods: PodPlan[]; services: ServicePlan[] } {
  const { logger, volumes = {}, runtimeImages = [], services: standIns = {} } = options;
  const objects = objectsOf(manifests);
  const problems: string[] = [];
  const here = withoutStandIns(objects, standIns);
  const pods = here.deployments.flatMap((deployment) =>
    planPods(deployment, { objects, volumes, runtimeImages }, problems),
  );
  const services = here.services.flatMap((service) => planService(service, pods, problems));
  if (here.deployments.length === 0) {
    problems.push('There is no Deployment among the manifests. Give the directory that holds all of them.');
  }
  if (problems.length > 0) {
    throw new ManifestError([...new Set(problems)]);
  }
  if (objects.ignored.size > 0) {
    const ignored = [...objects.ignored].map(([kind, count]) => `${kind}: ${count}`);
    logger.info({ ignored }, 'without effect on this machine');
  }
  const images = here.deployments.flatMap(({ template }) => template.spec.containers.map(({ image }) => image));
  for (const image of new Set(images.filter((name) => tagOf(name) !== undefined && tagOf(name) !== RUNTIME_VERSION))) {
    logger.warn({ image, version: RUNTIME_VERSION }, 'the manifests name another version of the runtime than this one');
  }
  return { pods, services };
}

class Runner implements LocalRun {
  private readonly listeners = new Set<(status: LocalStatus) => void>();
  private readonly pods: ReadonlyMap<PodPlan, Pod>;
  private readonly proxies: { readonly plan: ServicePlan; readonly proxy: ServiceProxy }[] = [];
  private stopped: Promise<void> | undefined;

  constructor(
    plans: readonly PodPlan[],
    private readonly directory: string,
    private readonly options: LocalOptions,
  ) {
    const { logger, output = () => undefined, restarts = KUBELET_RESTARTS, services = {} } = options;
    const portPool = new PortPool();
    const podFor = (podPlan: PodPlan) => {
      const { namespace, name } = podPlan.identity;
      const podDirectory = join(directory, namespace, name);
      return new Pod(podPlan, {
        directory: podDirectory,
        portPool,
        restarts,
        logger,
        output,
        servers: serversFor(namespace, services),
        onChange: () => this.changed(),
      });
    };
    this.pods = new Map(plans.map((podPlan) => [podPlan, podFor(podPlan)]));
  }

  async start(services: readonly ServicePlan[]): Promise<void> {
    const { host = '127.0.0.1', logger } = this.options;
    for (const service of services) {
      const proxy = await ServiceProxy.start({
        service: `${service.namespace}/${service.name}:${service.port.name || service.port.port}`,
        host,
        preferredPort: unprivileged(service.port.port),
        endpoints: () => this.endpoints(service),
        logger,
      });
      this.proxies.push({ plan: service, proxy });
    }
    for (const pod of this.pods.values()) {
      pod.start();
    }
  }

  status(): LocalStatus {
    const pods = [...this.pods.values()].map(statusOf);
    const services = this.proxies.map(({ plan: service, proxy }) => this.serviceStatus(service, proxy));
    return { ready: pods.every(({ ready }) => ready), services, pods };
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
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  private endpoints({ targets, publishNotReadyAddresses }: ServicePlan): number[] {
    return [...targets].flatMap(([podPlan, containerPort]) => {
      const pod = this.pods.get(podPlan);
      const port = pod?.portFor(containerPort);
      const open = pod !== undefined && (pod.ready || (publishNotReadyAddresses && !pod.stopped));
      return open && port !== undefined ? [port] : [];
    });
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
      readyPods: this.endpoints(service).length,
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
