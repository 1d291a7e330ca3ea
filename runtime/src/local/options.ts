import type { Logger } from '../telemetry';
import type { LogLine } from './container';
import type { JobRequest } from './job';
import type { Envoy } from './proxy';
import type { RestartPolicy, RetryPolicy } from './restart-delay';

/** Options of `runLocal`. */
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

  /**
   * Delays before a Job gets another pod in place of one that failed.
   *
   * @default - the Job controller's
   */
  readonly retries?: RetryPolicy;

  /**
   * CronJobs to run, once for each entry, and suspended Jobs to run all the same.
   *
   * @default - none
   */
  readonly run?: readonly JobRequest[];
}
