import { createHash } from 'node:crypto';
import { CONFIG_SCHEMA, type ModelConfig, type ModelSourceConfig, type ServingConfig } from '../../lib/contract';

/** A configuration with these models, and limits fit for a test. */
export function servingConfig(...models: ModelConfig[]): ServingConfig {
  return {
    schema: CONFIG_SCHEMA,
    models,
    server: {
      httpPort: 8080,
      grpcPort: 8081,
      metricsPort: 8082,
      maxBodyBytes: 1024 * 1024,
      requestTimeoutMillis: 10_000,
      drainTimeoutMillis: 10_000,
    },
  };
}

/** A model entry; what is not given is plausible. */
export function modelConfig(model: Partial<ModelConfig> & { path: string }): ModelConfig {
  return { name: 'iris', version: 'v1', format: 'onnx', sha256: '0'.repeat(64), warmUp: { runs: 1 }, ...model };
}

/** A source entry that reads from servers of this machine. */
export function sourceConfig(source: Partial<ModelSourceConfig> & { uri: string }): ModelSourceConfig {
  return { type: 'https', maxBytes: 64 * 1024 * 1024, timeoutMillis: 20_000, allowPrivate: true, ...source };
}

/** SHA-256 as the configuration writes it. */
export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
