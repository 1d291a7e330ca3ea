import { LOOKUP_SCHEMA, type LookupConfig, PORTS } from '../contract';
import type { LookupSettings } from './lookup-settings';
import type { PredictionLookupProps } from './prediction-lookup-props';

/** The configuration file of a lookup. The same input gives the same text, byte by byte. */
export function renderLookupConfig(props: PredictionLookupProps, settings: LookupSettings): string {
  const { budgetMillis, maxAgeMillis } = settings;
  const config: LookupConfig = {
    schema: LOOKUP_SCHEMA,
    lookups: [
      {
        name: settings.modelName,
        version: settings.modelVersion,
        table: settings.table,
        key: settings.key,
        timeoutMillis: Math.ceil(settings.timeoutMillis),
        maxAgeMillis: maxAgeMillis === undefined ? undefined : Math.ceil(maxAgeMillis),
        defaultPrediction: props.defaultPrediction,
      },
    ],
    server: {
      httpPort: PORTS.http,
      grpcPort: PORTS.grpc,
      metricsPort: PORTS.metrics,
      maxBodyBytes: settings.maxBodyBytes,
      requestTimeoutMillis: Math.ceil(budgetMillis),
      drainTimeoutMillis: Math.ceil(settings.drainMillis),
      ...settings.server,
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
