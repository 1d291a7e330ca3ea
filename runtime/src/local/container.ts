import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENT, EXIT_CODES, PATHS } from '../contract';
import { errorMessage, type Logger } from '../telemetry';
import { POD_ADDRESS } from './pod-address';
import { terminationMessagePath } from './pod-directory';
import type { ContainerPlan, PodIdentity } from './pod-plan';
import { get, type ProbeFault, ProbeLoop, type ProbeTarget } from './probe';
import type { ProbePlan } from './probe-plan';
import { execute, type ProcessExit, RuntimeProcess } from './process';

/** A line that a container has written. */
export interface LogLine {
  readonly pod: string;
  readonly container: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Where a container runs. */
export interface ContainerContext {
  readonly pod: PodIdentity;
  /** Root of its file system. */
  readonly root: string;
  /** Ports of this machine for the container ports of the pod. */
  readonly ports: ReadonlyMap<number, number>;
  readonly graceMillis: number;
  /** Servers to connect to in place of others. */
  readonly servers: Readonly<Record<string, string>>;
  /** Address of what stands in for the Kubernetes API. */
  readonly api: string;
  readonly logger: Logger;
  readonly output: (line: LogLine) => void;
  /** Called at every change of readiness. */
  readonly onReady: (ready: boolean) => void;
}

/** How a container ended, and why as far as is known. */
export interface ContainerExit extends ProcessExit {
  readonly reason: string;
}

const LAST_LINES = 5;

/** What a container gets to end by itself when its hook has used up the grace period, as from a kubelet. */
const LEAST_GRACE_MILLIS = 2000;

/** One life of a container: from its start to its end, with its probes. */
export class ContainerRun {
  private readonly process: RuntimeProcess;
  private readonly loops: ProbeLoop[] = [];
  private readonly lastLines: string[] = [];
  private readonly logger: Logger;
  private readonly environment: Readonly<Record<string, string>>;
  private killedFor: string | undefined;
  private isReady = false;
  private readonly gone = new AbortController();

  constructor(
    private readonly plan: ContainerPlan,
    private readonly context: ContainerContext,
  ) {
    const { pod, root, output, logger } = context;
    this.logger = logger.child({ pod: pod.name, container: plan.name });
    this.environment = environmentOf(plan, context);
    writeFileSync(terminationMessagePath(root), '');
    this.process = new RuntimeProcess({
      args: plan.args,
      environment: this.environment,
      directory: root,
      onLine: (stream, text) => {
        this.lastLines.splice(0, this.lastLines.length - LAST_LINES + 1);
        this.lastLines.push(text);
        output({ pod: pod.name, container: plan.name, stream, text });
      },
    });
    this.logger.info({ pid: this.process.pid }, 'container started');
  }

  /** Process on this machine; `undefined` when it could not be started. */
  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Settles when the container has ended, by itself or by {@link stop}. */
  async ended(): Promise<ContainerExit> {
    const exit = await this.process.ended;
    this.gone.abort();
    this.stopProbes();
    return { ...exit, reason: this.reasonOf(exit) };
  }

  /** Ends the container: the hook, SIGTERM, the grace period, SIGKILL. */
  async stop(): Promise<void> {
    this.stopProbes();
    const end = performance.now() + this.context.graceMillis;
    await this.runHook();
    await this.process.stop(Math.max(end - performance.now(), LEAST_GRACE_MILLIS));
  }

  private async runHook(): Promise<void> {
    const { preStop } = this.plan;
    const port = this.context.ports.get(preStop?.port ?? 0);
    if (preStop === undefined || port === undefined) {
      return;
    }
    try {
      const ending = AbortSignal.any([AbortSignal.timeout(this.context.graceMillis), this.gone.signal]);
      const status = await get(preStop, port, ending);
      this.logger.debug({ path: preStop.path, status }, 'hook done');
    } catch (error) {
      // The container ends all the same.
      this.logger.warn({ path: preStop.path, reason: errorMessage(error) }, 'the preStop hook failed');
    }
  }

  /** Starts the probes; a container without any is ready at once. */
  startProbes(): void {
    const { startupProbe } = this.plan;
    if (startupProbe === undefined) {
      this.startLaterProbes();
      return;
    }
    const loop = this.loop(startupProbe, (success, fault) => {
      loop.stop();
      if (success) {
        this.startLaterProbes();
      } else {
        this.kill('startup', fault, startupProbe);
      }
    });
  }

  /** Liveness and readiness wait until the container has started. */
  private startLaterProbes(): void {
    const { livenessProbe, readinessProbe } = this.plan;
    if (livenessProbe !== undefined) {
      const loop = this.loop(livenessProbe, (success, fault) => {
        if (!success) {
          loop.stop();
          this.kill('liveness', fault, livenessProbe);
        }
      });
    }
    if (readinessProbe === undefined) {
      this.setReady(true, undefined);
    } else {
      this.loop(readinessProbe, (success, fault) => this.setReady(success, fault));
    }
  }

  private loop(plan: ProbePlan, listener: (success: boolean, fault: ProbeFault) => void): ProbeLoop {
    const target: ProbeTarget = {
      ports: this.context.ports,
      execute: (args, signal) => execute(args, { environment: this.environment, directory: this.context.root }, signal),
    };
    const loop = new ProbeLoop(plan, target, listener);
    this.loops.push(loop);
    loop.start();
    return loop;
  }

  private stopProbes(): void {
    for (const loop of this.loops) {
      loop.stop();
    }
    this.setReady(false, undefined);
  }

  private setReady(ready: boolean, fault: ProbeFault): void {
    if (ready === this.isReady) {
      return;
    }
    this.isReady = ready;
    this.logger.info(fault === undefined ? {} : { fault }, ready ? 'container ready' : 'container not ready');
    this.context.onReady(ready);
  }

  private kill(probe: string, fault: ProbeFault, { graceMillis = this.context.graceMillis }: ProbePlan): void {
    this.killedFor = `the ${probe} probe failed: ${fault}`;
    this.logger.warn({ probe, fault }, 'probe failed; the container is ended');
    this.stopProbes();
    void this.process.stop(graceMillis);
  }

  private reasonOf({ code, signal }: ProcessExit): string {
    const how = signal === undefined ? `exit code ${code}` : `ended by ${signal}`;
    const meaning = this.killedFor ?? MEANINGS[code];
    const message = readFileSync(terminationMessagePath(this.context.root), 'utf8').trim();
    const lines = this.plan.fallbackToLogs && code !== EXIT_CODES.ok ? this.lastLines.join('\n') : '';
    const detail = message || lines;
    return [meaning === undefined ? how : `${how} (${meaning})`, detail].filter((text) => text !== '').join(': ');
  }
}

/** What the exit codes of the runtime mean, for people. */
const MEANINGS: Readonly<Record<number, string>> = {
  [EXIT_CODES.ok]: 'done',
  [EXIT_CODES.failure]: 'unexpected failure',
  2: 'wrong arguments',
  [EXIT_CODES.badInput]: 'bad input data',
  [EXIT_CODES.badConfiguration]: 'bad configuration, or the digest of a model does not match',
  134: 'the inference engine aborted',
  139: 'the inference engine aborted',
  137: 'killed by force: out of memory, or slower to stop than its grace period',
};

/** What the manifest says, and what stands in for the container. */
function environmentOf(
  { environment, mounts }: ContainerPlan,
  { pod, root, ports, servers, api }: ContainerContext,
): Record<string, string> {
  const { namespace } = pod;
  const sandbox = { root, host: POD_ADDRESS, ports: Object.fromEntries(ports), namespace, servers, api };
  // Programs ask for the directory of temporary files by this name; without it, they would share the machine's.
  const temporary: Record<string, string> = mounts.some(({ path }) => path === PATHS.temporary)
    ? { TMPDIR: join(root, PATHS.temporary) }
    : {};
  return { HOSTNAME: pod.hostname, ...temporary, ...environment, [ENVIRONMENT.sandbox]: JSON.stringify(sandbox) };
}
