import { ROLLOUT_KEYS, type RolloutConfig } from '../../lib/contract';
import { RolloutState as AgentState } from '../../runtime/src/gateway/rollout-state';
import { ApiError, type ConfigMapObject, type KubernetesObject, type Resource } from '../../runtime/src/kubernetes-api';
import type { RolloutApi } from '../../runtime/src/rollout/api';
import { type ControllerListener, RolloutController } from '../../runtime/src/rollout/controller';
import { Leadership } from '../../runtime/src/rollout/leadership';
import { splitOf } from '../../runtime/src/rollout/machine';
import { Observer } from '../../runtime/src/rollout/observer';
import { OutcomeSource, Reports } from '../../runtime/src/rollout/outcomes';
import { Proxies } from '../../runtime/src/rollout/proxies';
import { sourceOf } from '../../runtime/src/rollout/sources';
import { type Decision, NO_COMPARISONS, type RolloutState, readState } from '../../runtime/src/rollout/state';
import { parseDecisions } from '../../runtime/src/rollout/verbs';
import { createLogger } from '../../runtime/src/telemetry';

const DEAD_MAN_MILLIS = 60_000;

/** What happens to one request to the API. `lost` = it is done, and the answer does not come. */
export type ApiFault = 'error' | 'lost' | 'conflict' | 'stale';

/** A proxy with its agent: the agent's own rules, and the counters of Envoy. */
class Pod {
  readonly agent: AgentState;
  readonly counters = new Map<string, number>();
  isScraped = true;
  isAnswering = true;

  /** What its metrics are; absent = as they are. */
  metrics: 'empty' | 'NaN' | 'cut' | 'restarted' | undefined;

  /** Whether it learns of new splits. */
  isInformed = true;

  constructor(
    readonly host: string,
    { stable, candidate, name }: { stable: string; candidate: string; name: string },
    now: number,
  ) {
    const none = { stableWeights: [], candidateWeights: [], mirrors: [], comparisons: [], pins: [] };
    const deadMan = { afterMillis: DEAD_MAN_MILLIS, action: 'revert' };
    this.agent = new AgentState({ name, stable, candidate, ...none, deadMan }, now);
  }

  add(cluster: string, code: number, count: number, slow = 0): void {
    const grow = (key: string, by: number) => this.counters.set(key, (this.counters.get(key) ?? 0) + by);
    grow(`envoy_cluster_upstream_rq{envoy_response_code="${code}",envoy_cluster_name="${cluster}"}`, count);
    grow(`envoy_cluster_upstream_rq_total{envoy_cluster_name="${cluster}"}`, count);
    grow(`envoy_cluster_upstream_rq_time_count{envoy_cluster_name="${cluster}"}`, count);
    grow(`envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="${cluster}",le="100"}`, count - slow);
    grow(`envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="${cluster}",le="+Inf"}`, count);
  }
}

/** A cluster with a clock of its own: API, proxies, agents and traffic, all in memory. */
export class World {
  now = 1_000_000;
  readonly objects = new Map<string, KubernetesObject>();
  readonly pods: Pod[];
  readonly events: KubernetesObject[] = [];

  /** Requests a second to each proxy, and the shares of them that fail. */
  rate = 50;
  stableErrors = 0.01;
  candidateErrors = 0.01;
  readyPods = { stable: 2, candidate: 2 };

  /** Fault of the next request to the API. Set it at any time. */
  nextFault: (what: string) => ApiFault | undefined = () => undefined;

  /** Largest share that a proxy gave the candidate. */
  mostWeight = 0;

  /** Looks at the world after each second. */
  watchers: (() => void)[] = [];
  private version = 0;
  private seed = 1;
  private before = new Map<string, KubernetesObject>();

  constructor(
    readonly config: RolloutConfig,
    proxies = 2,
  ) {
    for (const [plural, name] of [
      ['configmaps', config.name],
      ['leases', config.name],
    ]) {
      this.put(plural, { metadata: { name, uid: `uid-${plural}` } });
    }
    const route = { name: config.name, stable: config.stable.version, candidate: config.candidate.version };
    this.pods = Array.from({ length: proxies }, (_, index) => new Pod(`10.0.0.${index + 1}`, route, this.now));
    for (const pod of this.pods) {
      for (const cluster of [
        ...config.stable.clusters,
        ...config.candidate.clusters,
        ...config.candidate.shadowClusters,
      ]) {
        pod.add(cluster, 200, 0);
      }
    }
  }

  get configMap(): ConfigMapObject {
    return this.objects.get(`configmaps/${this.config.name}`) as ConfigMapObject;
  }

  get state(): RolloutState | undefined {
    return readState(this.configMap.data).state;
  }

  get decisions(): Decision[] {
    return parseDecisions(this.configMap.data?.[ROLLOUT_KEYS.decisions] ?? '') as Decision[];
  }

  /** What proxies give the candidate, in the state that is written. */
  get plannedWeight(): number {
    return this.state === undefined ? 0 : splitOf(this.config, this.state).candidateWeight;
  }

  annotate(verb: string, why: string): void {
    const object = structuredClone(this.configMap);
    object.metadata.annotations = { ...object.metadata.annotations, [`model-serving/${verb}`]: why };
    this.put('configmaps', object);
  }

  /** Lets time pass, with traffic. */
  pass(millis: number): void {
    for (const end = this.now + millis; this.now < end; ) {
      const step = Math.min(1000, end - this.now);
      this.now += step;
      for (const pod of this.pods) {
        this.serve(pod, Math.round((this.rate * step) / 1000));
      }
      for (const watcher of this.watchers) {
        watcher();
      }
    }
  }

  /** How long the API takes for a ConfigMap: who waits for less gets none. */
  readMillis = 0;

  /** How long was waited for ConfigMaps. */
  waitedMillis = 0;

  /** The API as one client sees it; `isDead` = it gets no answers any more, and nothing that it asks for is done. */
  api(isDead: () => boolean = () => false): RolloutApi {
    const request = async <T>(what: string, key: string, work: () => KubernetesObject): Promise<T> => {
      await Promise.resolve();
      const fault = isDead() ? 'error' : this.nextFault(what);
      if (fault === 'error') {
        throw new ApiError('injected', { status: 0, reason: 'Timeout' });
      }
      if (fault === 'conflict' && what !== 'get') {
        throw new ApiError('injected', { status: 409, reason: 'Conflict' });
      }
      if (fault === 'stale' && what === 'get') {
        return structuredClone(this.before.get(key) ?? work()) as T;
      }
      const answer = structuredClone(work());
      if (fault === 'lost') {
        throw new ApiError('injected', { status: 0, reason: 'Timeout' });
      }
      return answer as T;
    };
    const keyOf = ({ plural }: Resource, name: string) => `${plural}/${name}`;
    return {
      namespace: 'ml',
      get: (resource, name, { timeoutMillis = Number.POSITIVE_INFINITY } = {}) =>
        request('get', keyOf(resource, name), () => {
          const takes = resource.plural === 'configmaps' ? this.readMillis : 0;
          this.waitedMillis += Math.min(takes, timeoutMillis);
          if (timeoutMillis < takes) {
            throw new ApiError('no answer in time', { status: 0, reason: 'Timeout' });
          }
          return this.find(keyOf(resource, name));
        }),
      replace: (resource, object) =>
        request(`replace ${resource.plural}`, keyOf(resource, object.metadata.name), () => {
          const { resourceVersion } = this.find(keyOf(resource, object.metadata.name)).metadata;
          if (object.metadata.resourceVersion !== resourceVersion) {
            throw new ApiError('another version', { status: 409, reason: 'Conflict' });
          }
          return this.put(resource.plural, structuredClone(object));
        }),
      create: (resource, object) =>
        request('create', '', () => {
          this.events.push(object);
          return this.put(resource.plural, structuredClone(object));
        }),
      watch: async () => undefined,
    };
  }

  /** Answers the requests of controllers to agents and proxies. */
  readonly fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    await Promise.resolve();
    const { hostname, port, pathname } = new URL(String(url));
    const pod = this.pods.find(({ host }) => host === hostname);
    if (pod === undefined || (port === '8082' ? !pod.isScraped : !pod.isAnswering)) {
      throw new Error('connect ECONNREFUSED');
    }
    if (pathname === '/stats/prometheus') {
      return new Response(textOf(pod));
    }
    if (init.method === 'POST') {
      pod.agent.abort(JSON.parse(String(init.body)).revision, 'pushed');
      return new Response('{}');
    }
    const { revision, candidateWeight, source } = pod.agent.shares(this.now);
    const shown = source === 'settled' ? 'split' : source;
    const rollouts = { [this.config.name]: { revision, candidateWeight, source: shown } };
    return new Response(JSON.stringify({ pod: pod.host, written: 'x', serving: 'x', rollouts }));
  };

  private find(key: string): KubernetesObject {
    const found = this.objects.get(key);
    if (found === undefined) {
      throw new ApiError('not found', { status: 404, reason: 'NotFound' });
    }
    return found;
  }

  private put(plural: string, object: KubernetesObject): KubernetesObject {
    const key = `${plural}/${object.metadata.name}`;
    const old = this.objects.get(key);
    if (old !== undefined) {
      this.before.set(key, old);
    }
    this.version += 1;
    object.metadata.resourceVersion = String(this.version);
    this.objects.set(key, object);
    if (plural === 'configmaps') {
      this.inform();
    }
    return object;
  }

  /** Tells the agents that are reached of the ConfigMap. */
  inform(): void {
    for (const pod of this.pods ?? []) {
      if (pod.isInformed) {
        pod.agent.onObject(structuredClone(this.configMap), this.now);
      }
    }
  }

  private serve(pod: Pod, requests: number): void {
    const { candidateWeight, mirror } = pod.agent.shares(this.now);
    this.mostWeight = Math.max(this.mostWeight, candidateWeight);
    const { stable, candidate } = this.config;
    for (let index = 0; index < requests; index += 1) {
      const isCandidate = this.random() * 10_000 < candidateWeight;
      const errors = isCandidate ? this.candidateErrors : this.stableErrors;
      pod.add((isCandidate ? candidate : stable).clusters[0], this.random() < errors ? 500 : 200, 1);
      if (this.random() * 10_000 < mirror) {
        pod.add(candidate.shadowClusters[0], this.random() < this.candidateErrors ? 500 : 200, 1);
      }
    }
  }

  /** The same numbers in every run (mulberry32). */
  private random(): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let value = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }
}

function textOf(pod: Pod): string {
  if (pod.metrics === 'restarted') {
    pod.metrics = undefined;
    for (const key of pod.counters.keys()) {
      pod.counters.set(key, 0);
    }
  }
  const lines = [...pod.counters].map(([key, value]) => `${key} ${pod.metrics === 'NaN' ? 'NaN' : value}`);
  return lines
    .slice(0, pod.metrics === 'cut' ? lines.length / 2 : lines.length)
    .join('\n')
    .slice(0, pod.metrics === 'empty' ? 0 : undefined);
}

let controllers = 0;

/** A controller in a world. */
export class Process {
  readonly leadership: Leadership;
  readonly controller: RolloutController;
  readonly told: Decision[] = [];

  /** Requests that it can still make: at 0 it is dead, in the middle of whatever it does. */
  budget = Number.POSITIVE_INFINITY;

  /** Runs slower or faster than the world. */
  clockRate = 1;
  clockOffset = 0;

  constructor(readonly world: World) {
    const { config } = world;
    controllers += 1;
    const isDead = () => {
      this.budget -= 1;
      return this.budget < 0;
    };
    const api = world.api(isDead);
    const clock = {
      monotonic: () => world.now * this.clockRate,
      date: () => new Date(world.now + this.clockOffset),
    };
    const findPods = async (host: string, port: number) => {
      const count = host === config.stable.podsHost ? world.readyPods.stable : world.readyPods.candidate;
      return host === config.gateway.podsHost
        ? world.pods.map((pod) => ({ host: pod.host, port }))
        : Array.from({ length: count }, (_, index) => ({ host: `10.1.0.${index}`, port }));
    };
    const listener: ControllerListener = {
      onLook: () => undefined,
      onDecisions: (decisions) => this.told.push(...decisions),
    };
    this.leadership = new Leadership({ api, name: config.name, identity: `process-${controllers}`, clock });
    const proxies = new Proxies(config, findPods);
    const comparisons = { take: () => NO_COMPARISONS, report: () => [] };
    const outcomes = new OutcomeSource(config, new Reports(config));
    this.controller = new RolloutController({
      config,
      api,
      clock,
      leadership: this.leadership,
      observer: new Observer({
        config,
        clock,
        source: sourceOf(config, findPods),
        proxies,
        comparisons,
        outcomes,
        findPods,
      }),
      proxies,
      logger: createLogger({ level: 'silent' }),
      listener,
    });
  }

  get isDead(): boolean {
    return this.budget < 0;
  }

  /** Renews the lease and looks, as the loops of the process do. */
  async turn(): Promise<void> {
    if (!this.isDead) {
      await this.leadership.attempt().catch(() => undefined);
      await this.controller.look(new AbortController().signal);
    }
  }
}

/** Lets processes take turns until something is so. @throws Error when that does not happen */
export async function runUntil(
  world: World,
  processes: readonly Process[],
  isDone: () => boolean,
  most = 400,
): Promise<void> {
  for (let turn = 0; turn < most; turn += 1) {
    for (const process of processes) {
      await process.turn();
    }
    if (isDone()) {
      return;
    }
    const delays = processes.filter(({ isDead }) => !isDead).map(({ controller }) => controller.delayMillis);
    world.pass(Math.min(10_000, ...delays));
  }
  throw new Error(`does not end: ${world.state?.phase} ${world.state?.step} ${world.state?.reason}`);
}
