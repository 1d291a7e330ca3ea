import { type ClientRequest, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import { errorMessage } from '../telemetry';
import { POD_ADDRESS } from './pod-address';
import type { HttpAction, ProbeAction, ProbePlan } from './probe-plan';

/** What a probe needs of its container. */
export interface ProbeTarget {
  /** The port that stands for a container port. */
  readonly ports: ReadonlyMap<number, number>;
  /** Runs `model-serving` in the container; resolves to its exit code. It is ended when the signal aborts. */
  execute(args: readonly string[], signal: AbortSignal): Promise<number>;
}

/** Outcome of one probe: `undefined` = success, else what was wrong. */
export type ProbeFault = string | undefined;

/** Does a probe once. */
export async function probeOnce({ action, timeoutMillis }: ProbePlan, target: ProbeTarget): Promise<ProbeFault> {
  const timeout = AbortSignal.timeout(timeoutMillis);
  try {
    return await perform(action, target, timeout);
  } catch (error) {
    return timeout.aborted ? `no answer within ${timeoutMillis / 1000} s` : errorMessage(error);
  }
}

async function perform(action: ProbeAction, target: ProbeTarget, signal: AbortSignal): Promise<ProbeFault> {
  if (action.kind === 'exec') {
    const code = await target.execute(action.args, signal);
    signal.throwIfAborted();
    return code === 0 ? undefined : `${action.args.join(' ')} ended with code ${code}`;
  }
  const port = target.ports.get(action.port);
  if (port === undefined) {
    return `the container has no port ${action.port}`;
  }
  if (action.kind === 'tcp') {
    await connectTo(port, signal);
    return undefined;
  }
  const status = await get(action, port, signal);
  // As the kubelet judges.
  return status >= 200 && status < 400 ? undefined : `${action.path} answered ${status}`;
}

function connectTo(port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: POD_ADDRESS, signal });
    socket.on('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}

/** Sends the request of a probe or a hook. @returns status of the answer */
export function get({ path, headers, encrypted }: HttpAction, port: number, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      host: POD_ADDRESS,
      port,
      path,
      signal,
      agent: false,
      headers: { 'user-agent': 'kube-probe/local', ...headers },
    };
    // The kubelet does not verify certificates either: a pod's address is in none.
    const request: ClientRequest = encrypted
      ? requestHttps({ ...options, rejectUnauthorized: false })
      : requestHttp(options);
    request.on('response', (response) => {
      response.resume();
      response.on('error', () => undefined);
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end();
  });
}

/** Called when the outcome of a probe is settled by its thresholds; `fault` is the last one. */
export type ProbeListener = (success: boolean, fault: ProbeFault) => void;

/** Does a probe again and again, and tells when its thresholds are reached. */
export class ProbeLoop {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private run = 0;
  private lastSuccess: boolean | undefined;

  constructor(
    private readonly plan: ProbePlan,
    private readonly target: ProbeTarget,
    private readonly listener: ProbeListener,
  ) {}

  start(): void {
    this.timer = setTimeout(() => void this.tick(), this.plan.initialDelayMillis);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async tick(): Promise<void> {
    const started = performance.now();
    const fault = await probeOnce(this.plan, this.target);
    if (this.stopped) {
      return;
    }
    const delay = Math.max(0, this.plan.periodMillis - (performance.now() - started));
    this.timer = setTimeout(() => void this.tick(), delay);
    this.judge(fault);
  }

  private judge(fault: ProbeFault): void {
    const success = fault === undefined;
    this.run = success === this.lastSuccess ? this.run + 1 : 1;
    this.lastSuccess = success;
    const threshold = success ? this.plan.successThreshold : this.plan.failureThreshold;
    if (this.run >= threshold) {
      this.listener(success, fault);
    }
  }
}
