import type { Registry } from 'prom-client';
import { METRIC_LABELS, METRICS } from '../contract';
import { type Cell, CellMetric } from './cell-metric';

const RESULTS = ['api-key', 'jwt', 'missing', 'invalid', 'expired', 'unavailable', 'overloaded'] as const;

/** What became of credentials: the way they were accepted, or why they were not. */
export type AuthenticationResult = (typeof RESULTS)[number];

/** Counts what became of the credentials of requests. One for each process, made when authentication is configured. */
export class AuthenticationMetrics {
  private readonly cells: ReadonlyMap<AuthenticationResult, Cell>;

  constructor(registry: Registry) {
    const metric = new CellMetric<string>({
      type: 'counter',
      name: METRICS.authentications,
      help: 'Credentials looked at, by the way they were accepted or why they were not.',
      registry,
    });
    this.cells = new Map(RESULTS.map((result) => [result, metric.cell({ [METRIC_LABELS.result]: result })]));
  }

  record(result: AuthenticationResult): void {
    const cell = this.cells.get(result);
    if (cell !== undefined) {
      cell.value += 1;
    }
  }
}
