import type { SecretValue } from 'cdk8s-plus-28';
import type { TracingConfig } from '../contract';
import {
  checkSecretValue,
  checkWebAddress,
  mountSecret,
  quote,
  RULES,
  type Violation,
  violation,
  webServer,
} from '../kubernetes';
import type { PodAdditions } from './pod-additions';

/** Options of {@link Tracing.otlp}. */
export interface OtlpTracingOptions {
  /**
   * Address that takes traces, for example `http://collector.monitoring:4318/v1/traces`: `https://`, or `http://` inside
   * the cluster. The network policy lets the pods connect to it.
   */
  readonly url: string;

  /**
   * Share of the requests without a trace of their own that are recorded, from 0 to 1. A request that comes with a trace
   * (`traceparent`) is recorded when its sender records it.
   *
   * @default 0
   */
  readonly sampleRatio?: number;

  /**
   * Value of the header `Authorization`, as a key of a Secret.
   *
   * @default - none
   */
  readonly authorization?: SecretValue;
}

/** Spans of predictions: where the time of a request went, beside those of the services before it. */
export class Tracing {
  /**
   * To a collector, by the protocol of OpenTelemetry over HTTP (OTLP).
   *
   * @param options address and share
   */
  public static otlp(options: OtlpTracingOptions): Tracing {
    return new Tracing(options);
  }

  /** @internal */
  public readonly _options: OtlpTracingOptions;

  private constructor(options: OtlpTracingOptions) {
    this._options = options;
  }
}

/** Tracing as the runtime reads it, and what it adds to the pod. */
export function renderTracing({ _options: options }: Tracing): { config: TracingConfig; additions: PodAdditions } {
  const { url, sampleRatio = 0, authorization } = options;
  const secret = authorization && mountSecret('tracing-authorization', authorization.secret, [authorization.key]);
  return {
    config: {
      url,
      sampleRatio,
      authorizationPath: secret && authorization && `${secret.directory}/${authorization.key}`,
    },
    additions: {
      volumes: secret === undefined ? [] : [secret.volume],
      mounts: secret === undefined ? [] : [secret.mount],
      egress: [webServer(url)],
    },
  };
}

/** Checks tracing as it is declared. */
export function checkTracing({ _options: { url, sampleRatio = 0, authorization } }: Tracing): Violation[] {
  return [
    ...checkWebAddress(RULES.tracingAddress, 'tracing.url', url, 'http://collector.monitoring:4318/v1/traces'),
    ...(sampleRatio >= 0 && sampleRatio <= 1
      ? []
      : [
          violation(
            RULES.tracingSampling,
            `tracing.sampleRatio is ${quote(sampleRatio)}.`,
            'Write for example 0.01 for one request in a hundred.',
          ),
        ]),
    ...(authorization === undefined ? [] : checkSecretValue('tracing.authorization', authorization)),
  ];
}
