import { COMMAND } from '../contract';
import type { ContainerPort } from './pod-plan';
import type { HttpGet, Probe } from './schema';

/** A request to a container. The port is the container's. */
export interface HttpAction {
  readonly kind: 'http';
  readonly port: number;
  readonly path: string;
  readonly encrypted: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a probe does. Ports are the container's. */
export type ProbeAction =
  | HttpAction
  | { readonly kind: 'tcp'; readonly port: number }
  /** Arguments of `model-serving`. */
  | { readonly kind: 'exec'; readonly args: readonly string[] };

/** A probe. */
export interface ProbePlan {
  readonly action: ProbeAction;
  readonly initialDelayMillis: number;
  readonly periodMillis: number;
  readonly timeoutMillis: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** Time between SIGTERM and SIGKILL when this probe ends the container; absent = the pod's. */
  readonly graceMillis?: number;
}

/** Plans a probe; what cannot be done here is added to `problems`. */
export function probePlan(
  probe: Probe,
  ports: readonly ContainerPort[],
  subject: string,
  problems: string[],
): ProbePlan | undefined {
  const action = actionOf(probe, ports, subject, problems);
  if (action === undefined) {
    return undefined;
  }
  const grace = probe.terminationGracePeriodSeconds;
  return {
    action,
    graceMillis: grace === undefined ? undefined : grace * 1000,
    initialDelayMillis: probe.initialDelaySeconds * 1000,
    periodMillis: probe.periodSeconds * 1000,
    timeoutMillis: probe.timeoutSeconds * 1000,
    successThreshold: probe.successThreshold,
    failureThreshold: probe.failureThreshold,
  };
}

function actionOf(
  { httpGet, tcpSocket, exec }: Probe,
  ports: readonly ContainerPort[],
  subject: string,
  problems: string[],
): ProbeAction | undefined {
  if (httpGet !== undefined) {
    return httpAction(httpGet, ports, subject, problems);
  }
  if (tcpSocket !== undefined) {
    const port = portOf(tcpSocket.port, ports, subject, problems);
    return port === undefined ? undefined : { kind: 'tcp', port };
  }
  if (exec !== undefined) {
    const [program, ...args] = exec.command;
    if (program === COMMAND) {
      return { kind: 'exec', args };
    }
    problems.push(
      `${subject} runs ${JSON.stringify(program)}, and only ${COMMAND} can be run here. Use an HTTP or TCP probe.`,
    );
    return undefined;
  }
  problems.push(
    `${subject} is neither httpGet, tcpSocket nor exec, and cannot be done here. Use an HTTP or TCP probe.`,
  );
  return undefined;
}

/** Plans a request to a container; what cannot be done here is added to `problems`. */
export function httpAction(
  { port: wanted, path, scheme, httpHeaders }: HttpGet,
  ports: readonly ContainerPort[],
  subject: string,
  problems: string[],
): HttpAction | undefined {
  const port = portOf(wanted, ports, subject, problems);
  const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
  return port === undefined ? undefined : { kind: 'http', port, path, encrypted: scheme === 'HTTPS', headers };
}

/** The container port that a probe or a Service means by number or name. */
function portOf(
  port: number | string,
  ports: readonly ContainerPort[],
  subject: string,
  problems: string[],
): number | undefined {
  const found = ports.find(({ name, containerPort }) => port === containerPort || port === name);
  if (found === undefined) {
    problems.push(`${subject}: the container declares no port ${port}. Add it to the container's ports.`);
  }
  return found?.containerPort;
}
