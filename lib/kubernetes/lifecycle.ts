import { COMMAND, HTTP_PATHS, ROLES } from '../contract';
import { at, type Json } from './json';
import type { HttpProbe } from './pod';
import { readableMillis } from './quantity';
import { RULES } from './rules';
import { type Violation, violation } from './violation';

/** Time that load balancers need to learn of a stopping pod: the pod goes on as before for so long. */
export const ENDPOINT_REMOVAL_SECONDS = 10;

/** Time after the drain in which logs and metrics leave, and the process ends. */
const FLUSH_SECONDS = 5;

/** Time after the drain in which a consumer leaves its group, and the process ends. */
const WORKER_END_SECONDS = 10;

/** Time that a request needs beyond its budget for its answer to leave. */
const DRAIN_BESIDE_BUDGET_MILLIS = 5_000;

const STARTUP_PERIOD_SECONDS = 2;
const PROGRESS_BESIDE_LOAD_SECONDS = 300;
const LEAST_PROGRESS_SECONDS = 600;

/** Where a probe asks. */
export type ProbeTarget = Pick<HttpProbe, 'port' | 'scheme'>;

/** Longest drain that requests with such a budget need, in milliseconds. */
export function defaultDrainMillis(budgetMillis: number): number {
  return budgetMillis + DRAIN_BESIDE_BUDGET_MILLIS;
}

/** Command that delays the shutdown. The image has no shell, and the native sleep needs Kubernetes 1.30. */
export function preStopCommand(): string[] {
  return [COMMAND, ROLES.sleep, '--seconds', String(ENDPOINT_REMOVAL_SECONDS)];
}

/** Termination grace period, in seconds: the delay before the shutdown, the drain, and the end of the process. */
export function gracePeriodSeconds(drainMillis: number): number {
  return ENDPOINT_REMOVAL_SECONDS + Math.ceil(drainMillis / 1000) + FLUSH_SECONDS;
}

/** Termination grace period of pods that nobody sends requests, in seconds: the drain, and the end of the process. */
export function workerGracePeriodSeconds(drainMillis: number): number {
  return Math.ceil(drainMillis / 1000) + WORKER_END_SECONDS;
}

/** Longest time that a Deployment may take for one pod, in seconds. */
export function progressDeadlineSeconds(loadMillis: number, downloadMillis: number): number {
  const needed = PROGRESS_BESIDE_LOAD_SECONDS + Math.ceil((loadMillis + downloadMillis) / 1000);
  return Math.max(LEAST_PROGRESS_SECONDS, needed);
}

/**
 * The three probes of a serving container.
 *
 * Startup: every model is loaded and warm; that may take the whole load time. Readiness: the same, and the process is not
 * draining; it does not depend on load. Liveness: the event loop turns, nothing else. Both paths need no credentials, which
 * a kubelet has not.
 *
 * @param loadMillis longest load time of the model
 * @param target port that answers all three
 */
export function renderProbes(loadMillis: number, target: ProbeTarget) {
  return {
    startupProbe: {
      path: HTTP_PATHS.ready,
      ...target,
      periodSeconds: STARTUP_PERIOD_SECONDS,
      timeoutSeconds: STARTUP_PERIOD_SECONDS,
      failureThreshold: Math.max(1, Math.ceil(loadMillis / 1000 / STARTUP_PERIOD_SECONDS)),
    },
    readinessProbe: { path: HTTP_PATHS.ready, ...target, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
    livenessProbe: { path: HTTP_PATHS.live, ...target, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  } satisfies Record<string, HttpProbe>;
}

/** Time that a probe allows until it gives up, in milliseconds. Absent fields have the defaults of Kubernetes. */
export function probeBudgetMillis(probe: unknown): number {
  const number = (key: string, absent: number) => Number(at(probe, key) ?? absent);
  return 1000 * (number('initialDelaySeconds', 0) + number('periodSeconds', 10) * number('failureThreshold', 3));
}

/** Checks that a startup probe lets a model load. */
export function checkStartupProbe(probe: unknown, loadMillis: number): Violation[] {
  const budget = probeBudgetMillis(probe);
  return budget >= loadMillis
    ? []
    : [
        violation(
          RULES.startupBudget,
          `The startup probe gives up after ${readableMillis(budget)}, and the model may take ${readableMillis(loadMillis)} to load.`,
          'Set maxLoadTime instead of the probe, or raise failureThreshold.',
        ),
      ];
}

/**
 * Checks that a pod gets the time to end its requests.
 *
 * @param pod `spec` of the pod
 * @param container the serving container
 * @param drainMillis drain time of the runtime
 */
export function checkGracePeriod(pod: Json, container: Json, drainMillis: number): Violation[] {
  const grace = Number(pod.terminationGracePeriodSeconds ?? 30) * 1000;
  const delay = preStopMillis(container);
  return grace >= delay + drainMillis
    ? []
    : [
        violation(
          RULES.gracePeriod,
          `The grace period is ${readableMillis(grace)}, the preStop delay ${readableMillis(delay)} and the drain time ${readableMillis(drainMillis)}.`,
          'Leave terminationGracePeriodSeconds to the construct, which computes it from latencyBudget and drainTime.',
        ),
      ];
}

/** Delay of the preStop hook of a container, in milliseconds; 0 when there is none, or none that can be read. */
function preStopMillis(container: Json): number {
  const native = at(container, 'lifecycle', 'preStop', 'sleep', 'seconds');
  if (native !== undefined) {
    return Number(native) * 1000;
  }
  const command = at(container, 'lifecycle', 'preStop', 'exec', 'command');
  const words = Array.isArray(command) ? command.map(String) : [];
  const seconds = words[0] === 'sleep' ? words[1] : words[words.indexOf('--seconds') + 1];
  return (Number(seconds ?? 0) || 0) * 1000;
}
