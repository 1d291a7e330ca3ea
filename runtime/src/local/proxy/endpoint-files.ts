import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type PodAddress, podAddresses } from '../../kubernetes-api';
import { errorMessage, type Logger } from '../../telemetry';
import { addressesOf, type ClusterHosts, expandAddresses, type Json } from './bootstrap';

const INTERVAL_MILLIS = 500;

/** While a Service has no pods: the first one is waited for. */
const WAITING_MILLIS = 100;
const ASSIGNMENT = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';

/** Keeps files with the addresses of the pods that clusters name, as DNS does in a cluster. */
export class EndpointFiles {
  private readonly written = new Map<string, string>();
  private readonly found = new Map<string, readonly PodAddress[]>();
  private lastFault = '';
  private version = 0;

  constructor(
    private readonly hosts: readonly ClusterHosts[],
    private readonly logger: Logger,
    private readonly podsOf: typeof podAddresses = podAddresses,
  ) {}

  /** Writes all files, then keeps them up to date until the signal ends it. */
  async start(directory: string, signal: AbortSignal): Promise<void> {
    mkdirSync(directory, { recursive: true });
    await this.update();
    void this.repeat(signal);
  }

  /** Addresses of a cluster now. */
  addresses(cluster: string): PodAddress[] {
    const hosts = this.hosts.find((each) => each.cluster === cluster);
    return addressesOf(hosts?.assignment ?? {}).flatMap(({ address, port_value }) => this.known(address, port_value));
  }

  private async repeat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isWaiting = [...this.found.values()].some((pods) => pods.length === 0);
      await wait(isWaiting ? WAITING_MILLIS : INTERVAL_MILLIS, undefined, { signal, ref: false }).catch(
        () => undefined,
      );
      await this.update();
    }
  }

  private async update(): Promise<void> {
    const wanted = this.hosts.flatMap(({ assignment }) => addressesOf(assignment));
    const keys = new Map(
      wanted.map(({ address, port_value }) => [keyOf(address, port_value), { address, port_value }]),
    );
    await Promise.all([...keys.values()].map(({ address, port_value }) => this.find(address, port_value)));
    for (const each of this.hosts) {
      this.write(each);
    }
  }

  private async find(host: string, port: number): Promise<void> {
    if (isIP(host) !== 0) {
      return;
    }
    try {
      const pods = await this.podsOf(host, port);
      this.tellChange(host, port, pods);
      this.found.set(keyOf(host, port), pods);
      this.lastFault = '';
    } catch (error) {
      // What was known last is better than nothing.
      const fault = errorMessage(error);
      if (fault !== this.lastFault) {
        this.logger.warn({ host, port, reason: fault }, 'the addresses of pods are not known');
      }
      this.lastFault = fault;
    }
  }

  private tellChange(host: string, port: number, pods: readonly PodAddress[]): void {
    const ports = pods.map((pod) => pod.port);
    const former = this.found.get(keyOf(host, port))?.map((pod) => pod.port);
    if (String(ports) !== String(former)) {
      this.logger.info({ host, port, ports }, 'pods behind a Service');
    }
  }

  private write({ cluster, file, assignment }: ClusterHosts): void {
    const content = JSON.stringify(this.assignmentOf(cluster, assignment));
    if (content === this.written.get(file)) {
      return;
    }
    this.version += 1;
    writeFileSync(`${file}.part`, `{"version_info": "${this.version}", "resources": [${content}]}\n`);
    renameSync(`${file}.part`, file);
    this.written.set(file, content);
  }

  private assignmentOf(cluster: string, assignment: Json): Json {
    const expanded = expandAddresses(assignment, (address) =>
      this.known(address.address, address.port_value).map(({ host, port }) => ({
        ...address,
        address: host,
        port_value: port,
      })),
    );
    return { ...expanded, '@type': ASSIGNMENT, cluster_name: cluster };
  }

  private known(host: string, port: number): readonly PodAddress[] {
    return isIP(host) === 0 ? (this.found.get(keyOf(host, port)) ?? []) : [{ host, port }];
  }
}

function keyOf(host: string, port: number): string {
  return `${host}:${port}`;
}
