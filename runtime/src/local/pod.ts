import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '../telemetry';
import { type ContainerExit, ContainerRun, type LogLine } from './container';
import { PodDirectory } from './pod-directory';
import type { ContainerPlan, PodPlan } from './pod-plan';
import type { PortPool } from './ports';
import { RestartDelay, type RestartPolicy } from './restart-delay';

/** State of a container, in the words of `kubectl get pods`. */
export type ContainerState = 'Waiting' | 'Running' | 'Completed' | 'Error' | 'CrashLoopBackOff' | 'Terminated';

/** What is known of a container. */
export interface ContainerStatus {
  readonly name: string;
  readonly init: boolean;
  readonly state: ContainerState;
  readonly ready: boolean;
  readonly restarts: number;
  /** Process on this machine, while it runs. */
  readonly pid?: number;
  /** Why it ended the last time; absent while it never has. */
  readonly reason?: string;
}

/** A pod. */
export interface PodStatus {
  readonly namespace: string;
  readonly name: string;
  readonly ready: boolean;
  readonly containers: readonly ContainerStatus[];
}

/** How a container ended that is not started again. */
export interface ContainerEnd {
  readonly name: string;
  readonly code: number;
  readonly reason: string;
}

/** How a pod ended. */
export interface PodEnd {
  /** Whether all of its containers have done their work. */
  readonly succeeded: boolean;
  readonly containers: readonly ContainerEnd[];
}

/** What a pod needs. */
export interface PodContext {
  /** Directory of this pod alone. */
  readonly directory: string;
  readonly portPool: PortPool;
  readonly restarts: RestartPolicy;
  readonly logger: Logger;
  readonly output: (line: LogLine) => void;
  /** Servers to connect to in place of others. */
  readonly servers: Readonly<Record<string, string>>;
  /** Address of what stands in for the Kubernetes API. */
  readonly api: string;
  /** Called at every change of the status. */
  readonly onChange: () => void;
}

/** One container of a pod through all of its lives. */
interface Slot {
  readonly plan: ContainerPlan;
  readonly init: boolean;
  readonly delay: RestartDelay;
  readonly root: string;
  status: ContainerStatus;
  run?: ContainerRun;
}

/**
 * A pod as processes: its init containers one after the other, then its containers, each started again when it ends as the
 * restart policy says.
 */
export class Pod {
  private readonly slots: readonly Slot[];
  private readonly stopping = new AbortController();
  private lives: Promise<PodEnd> | undefined;
  /** The containers of a pod see each other's ports, as in one network namespace, and keep them when they start again. */
  private ports: ReadonlyMap<number, number> = new Map();

  constructor(
    readonly plan: PodPlan,
    private readonly context: PodContext,
  ) {
    const directory = new PodDirectory(context.directory, plan);
    const slot = (container: ContainerPlan, init: boolean): Slot => ({
      plan: container,
      init,
      delay: new RestartDelay(context.restarts),
      root: directory.root(container),
      status: { name: container.name, init, state: 'Waiting', ready: false, restarts: 0 },
    });
    this.slots = [
      ...plan.initContainers.map((container) => slot(container, true)),
      ...plan.containers.map((container) => slot(container, false)),
    ];
  }

  get status(): PodStatus {
    const { namespace, name } = this.plan.identity;
    return { namespace, name, ready: this.ready, containers: this.slots.map(({ status }) => status) };
  }

  /** Whether the pod may get requests: all of its containers are ready, and it is not told to stop. */
  get ready(): boolean {
    return !this.stopping.signal.aborted && this.slots.every(({ init, status }) => init || status.ready);
  }

  /** Whether the pod is told to stop. */
  get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** The port of this machine that stands for a container port, while the container runs. */
  portFor(containerPort: number): number | undefined {
    const runs = this.slots.some(
      ({ plan, run }) => run !== undefined && plan.ports.some((port) => port.containerPort === containerPort),
    );
    return runs ? this.ports.get(containerPort) : undefined;
  }

  /** Starts the pod. @returns how it ended, by itself or because it was told to stop */
  start(): Promise<PodEnd> {
    this.lives = this.live();
    return this.lives;
  }

  /** Removes the files of a pod that has ended. */
  async removeFiles(): Promise<void> {
    await rm(this.context.directory, { recursive: true, force: true });
  }

  /** Takes the pod out of its Services, then ends its containers: the hook, SIGTERM, the grace period, SIGKILL. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.context.onChange();
    await Promise.all(this.slots.map(({ run }) => run?.stop()));
    await this.lives;
  }

  private async live(): Promise<PodEnd> {
    const { portPool } = this.context;
    this.ports = await portPool.take(this.slots.flatMap(({ plan }) => plan.ports.map((port) => port.containerPort)));
    try {
      for (const slot of this.slots.filter(({ init }) => init)) {
        const end = await this.repeat(slot);
        if (end?.code !== 0) {
          return { succeeded: false, containers: end === undefined ? [] : [end] };
        }
      }
      const ends = await Promise.all(this.slots.filter(({ init }) => !init).map((slot) => this.repeat(slot)));
      return {
        succeeded: ends.every((end) => end?.code === 0),
        containers: ends.filter((end) => end !== undefined),
      };
    } finally {
      portPool.release(this.ports);
    }
  }

  /**
   * Runs a container again and again, as long as the restart policy says so and the pod is not told to stop.
   *
   * @returns how it ended; `undefined` when it is not running because the pod was told to stop
   */
  private async repeat(slot: Slot): Promise<ContainerEnd | undefined> {
    while (!this.stopped) {
      const started = performance.now();
      const exit = await this.runOnce(slot);
      const { restarts } = slot.status;
      const { code, reason } = exit;
      const logger = this.context.logger.child({ pod: this.plan.identity.name, container: slot.plan.name });
      if (this.stopped) {
        this.update(slot, { state: 'Terminated', reason });
        logger.info({ code }, 'container ended');
        return { name: slot.plan.name, code, reason };
      }
      if (!this.isRestarted(slot, code)) {
        this.update(slot, { state: code === 0 ? 'Completed' : 'Error', reason });
        return { name: slot.plan.name, code, reason };
      }
      const delay = slot.delay.next(performance.now() - started);
      this.update(slot, { state: delay === 0 ? 'Waiting' : 'CrashLoopBackOff', reason, restarts: restarts + 1 });
      logger.error({ code, reason, restartInSeconds: delay / 1000 }, 'container ended; it is started again');
      await wait(delay, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
    return undefined;
  }

  private isRestarted({ init }: Slot, code: number): boolean {
    switch (this.plan.restartPolicy) {
      case 'Always':
        return !init || code !== 0;
      case 'OnFailure':
        return code !== 0;
      case 'Never':
        return false;
    }
  }

  private async runOnce(slot: Slot): Promise<ContainerExit> {
    const { logger, output, servers, api } = this.context;
    try {
      const run = new ContainerRun(slot.plan, {
        pod: this.plan.identity,
        root: slot.root,
        ports: this.ports,
        graceMillis: this.plan.graceMillis,
        servers,
        api,
        logger,
        output,
        onReady: (ready) => this.update(slot, { ready }),
      });
      slot.run = run;
      this.update(slot, { state: 'Running', pid: run.pid });
      if (this.stopped) {
        void run.stop();
      } else {
        run.startProbes();
      }
      return await run.ended();
    } finally {
      slot.run = undefined;
      slot.status = { ...slot.status, pid: undefined };
    }
  }

  private update(slot: Slot, change: Partial<ContainerStatus>): void {
    slot.status = { ...slot.status, ...change };
    this.context.onChange();
  }
}
