import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { GATEWAY_METRIC_LABELS, GATEWAY_METRICS, WHOLE_SHARE } from '../contract';
import type { RolloutState } from './rollout-state';
import type { Source } from './shares';

const { rollout: ROLLOUT, source: SOURCE, result: RESULT } = GATEWAY_METRIC_LABELS;

const RESULTS = ['allowed', 'missing', 'invalid'] as const;

/** Sources as they are shown: a split that stays is a split. */
const SHOWN_SOURCES = ['manifest', 'split', 'abort', 'dead-man'] as const;

/** What became of the credentials of a request. */
export type AuthorizationResult = (typeof RESULTS)[number];

/** A source as others are told of it. */
export function shownSource(source: Source): (typeof SHOWN_SOURCES)[number] {
  return source === 'settled' ? 'split' : source;
}

/** The metrics of an agent. Every series exists from the start. */
export class AgentMetrics {
  readonly registry = new Registry();

  private readonly written = this.counter(GATEWAY_METRICS.routesWritten, 'Routes written for the proxy.');
  private readonly rejected = this.counter(GATEWAY_METRICS.routesRejected, 'Routes that the proxy refused.');
  private readonly authorizations: Counter | undefined;
  private readonly connected: Gauge;

  /**
   * @param withAuthorizations whether the agent looks at API keys
   * @param rollouts the rollouts by name; read when the metrics are
   * @param applied whether the proxy serves what is wanted
   */
  constructor(
    withAuthorizations: boolean,
    private readonly rollouts: ReadonlyMap<string, RolloutState>,
    applied: () => boolean,
  ) {
    collectDefaultMetrics({ register: this.registry });
    this.gauge(
      GATEWAY_METRICS.routesApplied,
      '1 when the proxy serves the routes that are wanted, else 0.',
      [],
      (gauge) => gauge.set(applied() ? 1 : 0),
    );
    this.perRollout(GATEWAY_METRICS.candidateShare, 'Share of the candidate that is wanted, 0 to 1.', (state) => {
      return state.shares(performance.now()).candidateWeight / WHOLE_SHARE;
    });
    this.perRollout(GATEWAY_METRICS.heartbeatAge, 'Time since the last new heartbeat, in seconds.', (state) =>
      state.heartbeatAge(performance.now()),
    );
    this.gauge(
      GATEWAY_METRICS.splitSource,
      '1 for where the numbers of the rollout come from, else 0.',
      [ROLLOUT, SOURCE],
      (gauge) => {
        for (const [rollout, state] of rollouts) {
          const now = shownSource(state.shares(performance.now()).source);
          for (const source of SHOWN_SOURCES) {
            gauge.set({ [ROLLOUT]: rollout, [SOURCE]: source }, source === now ? 1 : 0);
          }
        }
      },
    );
    this.connected = this.gauge(
      GATEWAY_METRICS.watchConnected,
      "1 while changes of the rollout's ConfigMap arrive, else 0.",
      [ROLLOUT],
    );
    for (const rollout of rollouts.keys()) {
      this.watchConnected(rollout, false);
    }
    if (withAuthorizations) {
      this.authorizations = this.counter(GATEWAY_METRICS.authorizations, 'Requests that the proxy asked about.', [
        RESULT,
      ]);
      for (const result of RESULTS) {
        this.authorizations.inc({ [RESULT]: result }, 0);
      }
    }
  }

  routesWritten(): void {
    this.written.inc();
  }

  routesRejected(): void {
    this.rejected.inc();
  }

  watchConnected(rollout: string, connected: boolean): void {
    this.connected.set({ [ROLLOUT]: rollout }, connected ? 1 : 0);
  }

  authorized(result: AuthorizationResult): void {
    this.authorizations?.inc({ [RESULT]: result });
  }

  private perRollout(name: string, help: string, read: (state: RolloutState) => number): void {
    this.gauge(name, help, [ROLLOUT], (gauge) => {
      for (const [rollout, state] of this.rollouts) {
        gauge.set({ [ROLLOUT]: rollout }, read(state));
      }
    });
  }

  private counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private gauge(name: string, help: string, labelNames: string[], collect?: (gauge: Gauge) => void): Gauge {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      ...(collect === undefined ? {} : { collect: () => collect(gauge) }),
    });
    return gauge;
  }
}
