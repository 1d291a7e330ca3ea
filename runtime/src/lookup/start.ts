import { CONFIG_SCHEMA, type LookupConfig } from '../contract';
import { type Predictor, type PredictorOptions, startPredictor } from '../online';
import { LookupMetrics, StageMetrics } from '../telemetry';
import { type SharedMetrics, TableLookup } from './table-lookup';

/** Options of {@link startLookup}. */
export type LookupOptions = Pick<PredictorOptions, 'logger' | 'limits'>;

/**
 * Serves tables of predictions over the wire of a predictor: V1 and V2 REST and V2 gRPC, with metrics, health and drain.
 *
 * The process is ready when every table has answered once, whether it has a run or not: a wrong address or password stops a
 * rollout, and a table whose first run is still to come stops nothing. That one model has no run is said by its own readiness.
 */
export function startLookup({ lookups, server }: LookupConfig, options: LookupOptions): Promise<Predictor> {
  let metrics: SharedMetrics | undefined;
  const provided = lookups.map(
    (lookup) =>
      new TableLookup(lookup, ({ registry }) => {
        metrics ??= { lookups: new LookupMetrics(registry), stages: new StageMetrics(registry) };
        return metrics;
      }),
  );
  return startPredictor(
    { schema: CONFIG_SCHEMA, models: [], server },
    { ...options, onLoadFailure: 'report', provided },
  );
}
