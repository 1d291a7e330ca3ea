import type { Duration } from 'cdk8s';
import type { SecretValue } from 'cdk8s-plus-28';
import type { HttpSinkConfig } from '../../contract';
import {
  checkDuration,
  checkMountedFile,
  checkSecretValue,
  checkWebAddress,
  type MountedFile,
  millisOf,
  mountFile,
  mountSecret,
  quote,
  RULES,
  readableMillis,
  type Violation,
  violation,
  webServer,
} from '../../kubernetes';
import type { PodAdditions } from '../../online';

const DEFAULT_TIMEOUT_MILLIS = 10_000;
const DEFAULT_CONCURRENCY = 16;
const MAX_CONCURRENCY = 1000;

/** Options of {@link EventSink.http}. */
export interface HttpSinkOptions {
  /**
   * Address that takes events by POST: `https://`, or `http://` inside the cluster. The network policy lets the pods connect to it.
   */
  readonly url: string;

  /**
   * Value of the header `Authorization`, as a key of a Secret.
   *
   * @default - none
   */
  readonly authorization?: SecretValue;

  /**
   * Certificates of the authorities to trust, in PEM.
   *
   * @default - those that the image trusts
   */
  readonly ca?: MountedFile;

  /**
   * Longest time of one attempt. Shorter than the drain time.
   *
   * @default Duration.seconds(10)
   */
  readonly timeout?: Duration;

  /**
   * Most requests at a time, 1 to 1000. Events of one key are sent one after the other.
   *
   * @default 16
   */
  readonly maxConcurrency?: number;
}

/**
 * A receiver of events as the runtime reads it, and what it adds to the pod.
 *
 * @param purpose start of the names of volumes, a DNS label
 */
export function renderHttpSink(
  purpose: string,
  options: HttpSinkOptions,
): { config: HttpSinkConfig; additions: PodAdditions } {
  const { url, authorization, ca, maxConcurrency = DEFAULT_CONCURRENCY } = options;
  const secret = authorization && mountSecret(`${purpose}-authorization`, authorization.secret, [authorization.key]);
  const mountedCa = ca && mountFile(`${purpose}-ca`, ca);
  const mounted = [secret, mountedCa].filter((each) => each !== undefined);
  return {
    config: {
      type: 'http',
      url,
      authorizationPath: secret && authorization && `${secret.directory}/${authorization.key}`,
      caPath: mountedCa?.path,
      timeoutMillis: timeoutMillis(options),
      maxConcurrency,
    },
    additions: {
      volumes: mounted.map(({ volume }) => volume),
      mounts: mounted.map(({ mount }) => mount),
      egress: [webServer(url)],
    },
  };
}

/**
 * Checks a receiver of events.
 *
 * @param drainMillis longest time that a micro-batch gets
 */
export function checkHttpSink(prop: string, options: HttpSinkOptions, drainMillis: number): Violation[] {
  const { url, authorization, ca, timeout, maxConcurrency = DEFAULT_CONCURRENCY } = options;
  return [
    ...checkWebAddress(RULES.eventReceiver, `${prop}.url`, url, 'https://events.example.com/anomalies'),
    ...(authorization === undefined ? [] : checkSecretValue(`${prop}.authorization`, authorization)),
    ...(ca === undefined ? [] : checkMountedFile(`${prop}.ca`, ca)),
    ...checkDuration(`${prop}.timeout`, timeout),
    ...(timeoutMillis(options) < drainMillis
      ? []
      : [
          violation(
            RULES.microBatchTime,
            `${prop}.timeout is ${readableMillis(timeoutMillis(options))}, and drainTime ${readableMillis(drainMillis)}.`,
            'Lower timeout, or raise drainTime.',
          ),
        ]),
    ...(Number.isInteger(maxConcurrency) && maxConcurrency >= 1 && maxConcurrency <= MAX_CONCURRENCY
      ? []
      : [
          violation(
            RULES.sinkLimits,
            `${prop}.maxConcurrency is ${quote(maxConcurrency)}.`,
            'Write for example 16, or leave it out.',
          ),
        ]),
  ];
}

function timeoutMillis({ timeout }: HttpSinkOptions): number {
  return timeout === undefined ? DEFAULT_TIMEOUT_MILLIS : Math.ceil(millisOf(timeout));
}
