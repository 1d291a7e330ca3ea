import type { SharedBody } from './body';
import type { Cluster, Endpoint } from './clusters';
import type { Headers } from './match';
import { NoAnswerError, retriesError, retriesStatus } from './retry';
import type { RouteAction } from './route-schema';
import type { Scope, Statistics } from './statistics';
import { ConnectError, type UpstreamAnswer, type Upstreams } from './upstream';

/** A request on its way to a cluster. */
export interface Forwarded {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: Headers;
  readonly body: SharedBody;
  /** Whether the client speaks HTTP/2. */
  readonly http2: boolean;
  /** Longest time from the end of the request to the end of the answer, in milliseconds; 0 = none. */
  readonly timeoutMillis: number;
  readonly retry?: RouteAction['retry_policy'];
  /** The client has gone. */
  readonly signal: AbortSignal;
}

/** An answer that was begun, and what to say when it has ended. */
export interface BegunAnswer extends UpstreamAnswer {
  /** @param whole whether all of it has come */
  readonly ended: (whole: boolean) => void;
}

/** Statistics that clusters have from the start, so that it is told that nothing was counted. */
export const CLUSTER_STATISTICS = [
  'upstream_rq_total',
  'upstream_rq_active',
  'upstream_rq_completed',
  'upstream_rq_retry',
  'upstream_rq_timeout',
  'upstream_rq_rx_reset',
  'upstream_rq_pending_overflow',
  'upstream_rq_pending_failure_eject',
  'upstream_cx_connect_fail',
  'upstream_cx_none_healthy',
];

/** Sends requests to the endpoints of clusters in turn, and counts them as Envoy does. */
export class Forwarder {
  private turn = 0;

  constructor(
    private readonly upstreams: Upstreams,
    private readonly statistics: Statistics,
  ) {}

  /** @throws NoAnswerError */
  async send(cluster: Cluster, request: Forwarded): Promise<BegunAnswer> {
    const scope: Scope = { kind: 'cluster', name: cluster.name };
    const retries = request.retry?.num_retries ?? 0;
    const tried = new Set<number>();
    for (let attempt = 0; ; attempt += 1) {
      const endpoint = this.next(cluster, tried);
      if (endpoint === undefined) {
        this.statistics.add(scope, 'upstream_cx_none_healthy');
        this.count(scope, 503);
        throw new NoAnswerError(503, 'no healthy upstream');
      }
      const mayRetry = attempt < retries && !request.signal.aborted;
      const answer = await this.attempt(cluster, endpoint, request).catch((error: Error) => error);
      if (!(answer instanceof Error) && !(mayRetry && retriesStatus(request.retry, answer.status))) {
        return answer;
      }
      if (answer instanceof Error) {
        if (!(mayRetry && retriesError(request.retry, answer))) {
          this.count(scope, answer instanceof NoAnswerError ? answer.status : 503);
          throw answer instanceof NoAnswerError ? answer : disconnected(answer);
        }
      } else {
        answer.body.resume();
        answer.ended(true);
      }
      this.statistics.add(scope, 'upstream_rq_retry');
    }
  }

  /** The next endpoint in turn: one that was not tried yet, while there is any. */
  private next(cluster: Cluster, tried: Set<number>): Endpoint | undefined {
    const all = cluster.endpoints();
    const others = all.filter(({ port }) => !tried.has(port));
    const endpoints = others.length > 0 ? others : all;
    this.turn += 1;
    const endpoint = endpoints[this.turn % endpoints.length];
    tried.add(endpoint?.port ?? 0);
    return endpoint;
  }

  private async attempt(cluster: Cluster, endpoint: Endpoint, request: Forwarded): Promise<BegunAnswer> {
    const scope: Scope = { kind: 'cluster', name: cluster.name };
    const http2 = cluster.protocol === 'http2' || (cluster.protocol === 'downstream' && request.http2);
    const started = performance.now();
    const timeout = new AbortController();
    const timer = this.timeAfter(request, timeout);
    let connected = false;
    const onConnected = () => {
      connected = true;
      this.statistics.add(scope, 'upstream_rq_total');
      this.statistics.add(scope, 'upstream_rq_active');
    };
    const finish = () => {
      timer.stop();
      if (connected) {
        this.statistics.add(scope, 'upstream_rq_active', -1);
      }
    };
    try {
      const signal = AbortSignal.any([request.signal, timeout.signal]);
      const { method, path, authority, headers } = request;
      const answer = await this.upstreams.send(endpoint, http2, {
        method,
        path,
        authority,
        headers,
        body: request.body.read(),
        signal,
        onConnected,
      });
      this.count(scope, answer.status);
      const ended = (whole: boolean) => {
        finish();
        if (whole) {
          this.statistics.observe(scope, 'upstream_rq_time', performance.now() - started);
        }
        void this.countGrpc(scope, answer, whole);
      };
      return { ...answer, ended };
    } catch (error) {
      finish();
      if (timeout.signal.aborted) {
        this.statistics.add(scope, 'upstream_rq_timeout');
        throw new NoAnswerError(504, 'upstream request timeout');
      }
      if (connected) {
        this.statistics.add(scope, 'upstream_rq_rx_reset');
      } else {
        this.statistics.add(scope, 'upstream_cx_connect_fail');
        this.statistics.add(scope, 'upstream_rq_pending_failure_eject');
      }
      throw error;
    }
  }

  /** The time counts from the moment that the whole request is here. */
  private timeAfter({ body, timeoutMillis }: Forwarded, timeout: AbortController): { stop: () => void } {
    let timer: NodeJS.Timeout | undefined;
    let stopped = timeoutMillis === 0;
    void body.complete.then(() => {
      if (!stopped) {
        timer = setTimeout(() => timeout.abort(), timeoutMillis);
      }
    });
    return {
      stop: () => {
        stopped = true;
        clearTimeout(timer);
      },
    };
  }

  private count(scope: Scope, status: number): void {
    this.statistics.add(scope, 'upstream_rq_completed');
    this.statistics.add(scope, `upstream_rq_${status}`);
    this.statistics.add(scope, `upstream_rq_${Math.floor(status / 100)}xx`);
  }

  /** What the filter for statistics of gRPC counts, all methods together. */
  private async countGrpc(scope: Scope, { headers, trailers }: UpstreamAnswer, whole: boolean): Promise<void> {
    const status = headers['grpc-status'] ?? (whole ? (await trailers())['grpc-status'] : undefined);
    if (status !== undefined && whole) {
      this.statistics.add(scope, `grpc.${String(status)}`);
      this.statistics.add(scope, 'grpc.total');
      this.statistics.add(scope, status === '0' ? 'grpc.success' : 'grpc.failure');
    }
  }
}

function disconnected(error: Error): NoAnswerError {
  const why = error instanceof ConnectError ? 'remote connection failure' : 'connection termination';
  return new NoAnswerError(503, `upstream connect error or disconnect/reset before headers. reset reason: ${why}`);
}
