import {
  CONFIG_SCHEMA,
  type ModelConfig,
  PORTS,
  SERVER_DEFAULTS,
  type ServerConfig,
  type ServingConfig,
  type WarmUpConfig,
} from '../contract';
import type { BoundModel } from './bound-models';
import type { DeclaredParts } from './declared-parts';
import { renderWarmUp, WarmUp } from './warm-up';

/** What the configuration of a predictor is made of. */
export interface ServingConfigInput {
  /** The model that is served, then those behind it. */
  readonly models: BoundModel[];
  readonly warmUp: WarmUp;
  readonly parts: DeclaredParts;
  /** Absent = the default of the server. */
  readonly latencyBudgetMillis?: number;
  readonly maxBodyBytes: number;
  readonly drainTimeoutMillis: number;
}

/** The configuration file of a predictor. The same input gives the same text, byte by byte. */
export function renderServingConfig(input: ServingConfigInput): string {
  const { latencyBudgetMillis, parts } = input;
  const [served, ...others] = input.models;
  const config: ServingConfig = {
    schema: CONFIG_SCHEMA,
    models: [
      ...(served === undefined
        ? []
        : [{ ...renderModelConfig(served, latencyBudgetMillis, renderWarmUp(input.warmUp)), ...parts.model }]),
      ...others.map((other) => renderModelConfig(other, latencyBudgetMillis, renderWarmUp(WarmUp.zeros()))),
    ],
    server: serverConfig(input),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** A model of a pod, as the runtime reads it. */
export function renderModelConfig(
  { model, path, download }: BoundModel,
  latencyBudgetMillis: number | undefined,
  warmUp: WarmUpConfig,
): ModelConfig {
  return {
    name: model.name,
    version: model.version,
    format: model.format,
    path,
    sha256: model.sha256 ?? '',
    source: download,
    latencyBudgetMillis,
    warmUp,
  };
}

function serverConfig({
  parts,
  latencyBudgetMillis,
  maxBodyBytes,
  drainTimeoutMillis,
}: ServingConfigInput): ServerConfig {
  return {
    httpPort: PORTS.http,
    grpcPort: PORTS.grpc,
    metricsPort: PORTS.metrics,
    maxBodyBytes,
    requestTimeoutMillis: Math.max(SERVER_DEFAULTS.requestTimeoutMillis, latencyBudgetMillis ?? 0),
    drainTimeoutMillis,
    ...parts.server,
  };
}
