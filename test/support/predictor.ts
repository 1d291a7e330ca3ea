import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ModelConfig, ServerConfig, ServingConfig } from '../../lib/contract';
import { type Predictor, type PredictorOptions, startPredictor } from '../../runtime/src/online';
import { createLogger } from '../../runtime/src/telemetry';
import { modelConfig, servingConfig, sha256 } from './serving-config';

/** Folder of the fixture models. */
export const MODELS = join(__dirname, '../fixtures/models');

/** Folder of the examples. */
export const EXAMPLES = join(__dirname, '../../examples');

/** The configuration of a model file, with its true digest. A fixture is named by its file name alone. */
export function fixture(file: string, overrides: Partial<ModelConfig> = {}): ModelConfig {
  const path = file.includes('/') ? file : join(MODELS, file);
  const name = basename(file, '.onnx');
  return modelConfig({ name, version: '1', path, sha256: sha256(readFileSync(path)), ...overrides });
}

/** A configuration that serves models on free ports. */
export function configOf(models: ModelConfig[], server: Partial<ServerConfig> = {}): ServingConfig {
  const config = servingConfig(...models);
  return { ...config, server: { ...config.server, httpPort: 0, grpcPort: 0, metricsPort: 0, ...server } };
}

/** An answer, its body parsed where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at bodies of any form
  readonly body: any;
}

/** A running predictor with what a test needs to talk to it. */
export interface TestPredictor {
  readonly predictor: Predictor;
  readonly port: number;
  readonly url: string;
  send(method: string, path: string, body?: string | Uint8Array, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  metrics(): Promise<string>;

  /**
   * Opens connections that later requests find open. A server accepts one connection in a turn of its event loop, so
   * requests that need new ones do not arrive together.
   */
  connect(count: number): Promise<void>;
}

const started: Predictor[] = [];

afterAll(async () => {
  await Promise.allSettled(started.map((predictor) => predictor.drain()));
});

/** Starts a predictor on 127.0.0.1 and waits until its models are loaded. It is drained when the tests of the file have run. */
export async function startTestPredictor(
  models: ModelConfig[],
  server: Partial<ServerConfig> = {},
  options: Partial<PredictorOptions> = {},
): Promise<TestPredictor> {
  const test = await listenTestPredictor(models, server, options);
  await test.predictor.ready;
  return test;
}

/** Like {@link startTestPredictor}, without waiting for the models. */
export async function listenTestPredictor(
  models: ModelConfig[],
  server: Partial<ServerConfig> = {},
  options: Partial<PredictorOptions> = {},
): Promise<TestPredictor> {
  process.env.MODEL_SERVING_HOST = '127.0.0.1';
  const logger = createLogger({ level: 'silent' });
  const predictor = await startPredictor(configOf(models, server), {
    logger,
    onLoadFailure: 'exit',
    ...options,
    // The connections of fetch stay open: without this every test would wait for a last request on them.
    limits: { lastRequestsMillis: 0, ...options.limits },
  });
  started.push(predictor);
  const { port } = predictor.addresses.http;
  const url = `http://127.0.0.1:${port}`;
  const send: TestPredictor['send'] = async (method, path, body, headers) => {
    const response = await fetch(`${url}${path}`, { method, body: body as string | undefined, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json' && text !== '';
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  };
  return {
    predictor,
    port,
    url,
    send,
    get: (path) => send('GET', path),
    post: (path, body) => send('POST', path, typeof body === 'string' ? body : JSON.stringify(body)),
    metrics: async () => {
      const response = await fetch(`http://127.0.0.1:${predictor.addresses.metrics.port}/metrics`);
      return response.text();
    },
    connect: async (count) => {
      await Promise.all(Array.from({ length: count }, () => send('GET', '/v2/health/live')));
    },
  };
}
