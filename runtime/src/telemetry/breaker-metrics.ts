import { Gauge, type Registry } from 'prom-client';
import { METRIC_LABELS, METRICS } from '../contract';

/** What a circuit breaker guards. */
export type Dependency = 'feature-store' | 'prediction-log' | 'prediction-table';

const { model: MODEL, version: VERSION, dependency: DEPENDENCY, state: STATE } = METRIC_LABELS;
const STATES = ['closed', 'half-open', 'open'] as const;

/** The states of circuit breakers. One for each process, made when there is a breaker. */
export class BreakerMetrics {
  private readonly gauge: Gauge;

  constructor(registry: Registry) {
    this.gauge = new Gauge({
      name: METRICS.breakerState,
      help: '1 for the state that the circuit breaker of a dependency is in, else 0.',
      labelNames: [MODEL, VERSION, DEPENDENCY, STATE],
      registers: [registry],
    });
  }

  /** Makes the series of a breaker, which is closed. @returns takes its new states */
  forModel(name: string, version: string, dependency: Dependency): (state: (typeof STATES)[number]) => void {
    const set = (current: string) => {
      for (const state of STATES) {
        const labels = { [MODEL]: name, [VERSION]: version, [DEPENDENCY]: dependency, [STATE]: state };
        this.gauge.set(labels, state === current ? 1 : 0);
      }
    };
    set('closed');
    return set;
  }
}
