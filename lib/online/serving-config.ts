import {
  CONFIG_SCHEMA,
  type ModelSourceConfig,
  PORTS,
  SERVER_DEFAULTS,
  type ServingConfig,
  type WarmUpConfig,
} from '../contract';
import type { Model } from '../model';

/** What the configuration of a predictor is made of. */
export interface ServingConfigInput {
  readonly model: Model;
  /** Absolute path of the model file in the container. */
  readonly path: string;
  readonly download?: ModelSourceConfig;
  readonly warmUp: WarmUpConfig;
  /** Absent = the default of the server. */
  readonly latencyBudgetMillis?: number;
  readonly maxBodyBytes: number;
  readonly drainTimeoutMillis: number;
}

/** The configuration file of a predictor. The same input gives the same text, byte by byte. */
export function renderServingConfig(input: ServingConfigInput): string {
  const { model, latencyBudgetMillis } = input;
  const config: ServingConfig = {
    schema: CONFIG_SCHEMA,
    models: [
      {
        name: model.name,
        version: model.version,
        format: model.format,
        path: input.path,
        sha256: model.sha256 ?? '',
        source: input.download,
        latencyBudgetMillis,
        warmUp: input.warmUp,
      },
    ],
    server: {
      httpPort: PORTS.http,
      grpcPort: PORTS.grpc,
      metricsPort: PORTS.metrics,
      maxBodyBytes: input.maxBodyBytes,
      requestTimeoutMillis: Math.max(SERVER_DEFAULTS.requestTimeoutMillis, latencyBudgetMillis ?? 0),
      drainTimeoutMillis: input.drainTimeoutMillis,
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
