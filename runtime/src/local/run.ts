import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceHost } from '../config';
import { Apis } from './apis';
import { cronJobStatus, type JobPlan, Jobs } from './job';
import type { Manifest } from './manifests';
import type { CronJob } from './objects';
import type { LocalOptions } from './options';
import { type LocalPlan, planLocal } from './plan';
import { Pod } from './pod';
import { POD_ADDRESS } from './pod-address';
import type { PodPlan } from './pod-plan';
import { PortPool } from './ports';
import { JOB_RETRIES, KUBELET_RESTARTS } from './restart-delay';
import { schemeOf, unprivileged } from './service-address';
import { endpointsOf, portsOfHost } from './service-hosts';
import type { ServicePlan } from './service-plan';
import { ServiceProxy } from './service-proxy';
import { serversFor } from './stand-ins';
import type { LocalStatus, ServiceStatus } from './status';

/** Manifests that run. */
export interface LocalRun {
  /** What runs now. */
  status(): LocalStatus;

  /** Calls the listener after every change of the status, until the returned function is called. */
  onChange(listener: (status: LocalStatus) => void): () => void;

  /** Settles when all Jobs have ended and nothing else runs: never, where there are pods of Deployments. */
  readonly done: Promise<void>;

  /**
   * Ends everything without losing a request: Services refuse new connections, pods get SIGTERM and their grace period;
   * then all files are removed.
   */
  stop(): Promise<void>;
}

/**
 * Runs manifests as processes of this machine: the pods of every Deployment and Job, a port for every port of a Service, and what
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
  private readonly portPool = new PortPool();
  private readonly jobs: Jobs;
  private stopped: Promise<void> | undefined;

  private constructor(
    private readonly apis: Apis,
    private readonly directory: string,
    private readonly options: LocalOptions,
    private readonly pods: Map<PodPlan, Pod>,
    jobs: readonly JobPlan[],
    private readonly cronJobs: readonly CronJob[],
  ) {
    this.jobs = new Jobs(jobs, {
      createPod: (plan, onChange) => this.createPod(plan, onChange),
      retries: options.retries ?? JOB_RETRIES,
      logger: options.logger,
      onChange: () => this.changed(),
    });
  }

  static async start(
    { objects, pods, services, jobs }: LocalPlan,
    directory: string,
    options: LocalOptions,
  ): Promise<Runner> {
    const running = new Map<PodPlan, Pod>();
    const apis = await Apis.start(
      [...pods.map(({ identity }) => identity), ...jobs].map(({ namespace }) => namespace),
      objects.kept,
      (host, port, namespace) => portsOfHost(host, port, namespace, services, running),
    );
    const run = new Runner(apis, directory, options, running, jobs, objects.cronJobs);
    try {
      await run.listen(services.filter(({ headless }) => !headless));
    } catch (error) {
      await run.stop();
      throw error;
    }
    run.startPods(pods);
    run.jobs.start();
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
    for (const plan of plans) {
      this.pods.set(
        plan,
        this.createPod(plan, () => this.changed()),
      );
    }
    for (const pod of this.pods.values()) {
      void pod.start();
    }
  }

  private createPod(plan: PodPlan, onChange: () => void): Pod {
    const { logger, output = () => undefined, restarts = KUBELET_RESTARTS } = this.options;
    const { namespace, name } = plan.identity;
    return new Pod(plan, {
      directory: join(this.directory, namespace, name),
      portPool: this.portPool,
      restarts,
      logger,
      output,
      servers: this.serversFor(namespace),
      api: this.apis.url(namespace),
      onChange,
    });
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
    const pods = [...this.pods.values()].map(({ status }) => status);
    const jobs = this.jobs.status;
    const services = this.proxies.map(({ plan: service, proxy }) => this.serviceStatus(service, proxy));
    const cronJobs = this.cronJobs.map((cronJob) => cronJobStatus(cronJob, jobs));
    return { ready: pods.every(({ ready }) => ready), services, apis: this.apis.status, pods, jobs, cronJobs };
  }

  get done(): Promise<void> {
    return this.pods.size > 0 ? new Promise(() => undefined) : this.jobs.ended.then(() => undefined);
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
      await Promise.all([this.jobs.stop(), ...[...this.pods.values()].map((pod) => pod.stop())]);
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
