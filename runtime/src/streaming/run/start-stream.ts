import { setTimeout as wait } from 'node:timers/promises';
import type { EventSinkConfig, StreamConfig } from '../../contract';
import { STREAM_METRIC_LABELS } from '../../contract';
import { type Logger, ServingMetrics } from '../../telemetry';
import { openFormat, type StreamFormat } from '../format';
import { BatchScorer } from './batch-scorer';
import { type ClientsOptions, openClients } from './clients';
import { FloodWatch } from './flood-watch';
import { serveHealth } from './health-server';
import { StreamMetrics } from './metrics';
import { type OpenModel, openModels } from './model';
import { Pipeline } from './pipeline';
import { RowScorer } from './row-scorer';

/** After a failure, the group is left within this time, so that others take over soon. */
const LEAVE_MILLIS = 5000;

/** Options of {@link startStream}. */
export interface StreamOptions extends Pick<ClientsOptions, 'watchTransactions'> {
  readonly logger: Logger;
}

/** A consumer that runs. */
export interface RunningStream {
  /** Port of probes and metrics. */
  readonly metricsPort: number;

  /** Resolves when it takes events. @throws StreamError, ModelError */
  readonly started: Promise<void>;

  /** Resolves when it has drained. @throws whatever ended it before; then nothing of what was not acknowledged is */
  readonly ended: Promise<void>;

  /** Events that are acknowledged so far. */
  readonly done: number;

  /** Takes no more events, finishes those that it has, and leaves the group. */
  drain(): Promise<void>;
}

/** Starts a consumer: first its probes, then its model, then its clients. */
export async function startStream(config: StreamConfig, options: StreamOptions): Promise<RunningStream> {
  const { logger } = options;
  const serving = new ServingMetrics();
  serving.registry.setDefaultLabels({ [STREAM_METRIC_LABELS.consumer]: config.name });
  const metrics = new StreamMetrics(serving.registry);
  const { source, delivery } = openClients(config, { ...options, metrics });
  let pipeline: Pipeline | undefined;
  let draining = false;
  let opened: { readonly model: OpenModel; readonly format: StreamFormat } | undefined;
  const server = await serveHealth(config.metricsPort, {
    registry: serving.registry,
    refresh: () => metrics.refresh(),
    stuck: () => {
      const age = performance.now() - source.lastPoll;
      return pipeline !== undefined && !draining && age > config.stuckAfterMillis
        ? `The source was last asked for events ${Math.round(age / 1000)} s ago.`
        : undefined;
    },
    unready: () =>
      draining
        ? 'The consumer is draining.'
        : pipeline === undefined
          ? 'The consumer is starting.'
          : config.source.type === 'kafka' && source.assigned === undefined
            ? 'The consumer has not joined its group yet.'
            : undefined,
  });
  const address = server.address();
  const metricsPort = typeof address === 'object' && address !== null ? address.port : config.metricsPort;

  const open = async () => {
    const model = await openModels(config, serving, logger);
    const [named] = config.models;
    const format = await openFormat(config, {
      model: named,
      signature: model.signature,
      topic: topicOf(config.sink),
      sink: config.sink?.type,
      maxEventBytes: config.maxEventBytes,
      logger,
      onRetry: () => metrics.retried('sink'),
    });
    opened = { model, format };
    await source.start();
    await delivery.start();
    const scorer = new RowScorer({
      inference: model.inference,
      independentRows: model.independentRows,
      logger,
      onRetry: () => undefined,
    });
    const running = new Pipeline({
      source,
      delivery,
      scorer: new BatchScorer({
        ...format,
        scorer,
        metrics,
        maxDeliveries: 'maxDeliveries' in config.source ? config.source.maxDeliveries : undefined,
      }),
      deadLetters: format.deadLetters,
      flood: new FloodWatch({
        maxRatio: config.maxDeadLetterRatio,
        window: config.deadLetterWindow,
        hasDeadLetters: config.deadLetter !== undefined,
      }),
      batching: config.batching,
      maxInFlight: config.maxInFlight,
      metrics,
      logger,
    });
    metrics.watch({
      source,
      get inFlight() {
        return running.inFlight;
      },
      get paused() {
        return running.paused;
      },
    });
    pipeline = running;
    if (draining) {
      running.stop();
    }
    logger.info({ source: config.source.type, sink: config.sink?.type, delivery: config.delivery }, 'consumer ready');
    return { running, format, model };
  };

  const opening = open();
  const started = opening.then(() => undefined);
  const ended = opening
    .then(async ({ running, format, model }) => {
      await running.run();
      await delivery.stop();
      await source.stop();
      format.close();
      await model.close();
    })
    .catch(async (error: unknown) => {
      const leaving = Promise.allSettled([source.stop(), delivery.stop(), opened?.model.close()]);
      opened?.format.close();
      await Promise.race([leaving, wait(LEAVE_MILLIS, undefined, { ref: false })]);
      throw error;
    })
    .finally(() => {
      server.close();
      server.closeAllConnections();
    });
  for (const promise of [started, ended]) {
    promise.catch(() => undefined);
  }
  return {
    metricsPort,
    started,
    ended,
    get done() {
      return metrics.done;
    },
    drain: () => {
      draining = true;
      pipeline?.stop();
      return ended;
    },
  };
}

/** Names of topics, streams and subjects: schemas are named by them. */
function topicOf(sink: EventSinkConfig | undefined): string {
  switch (sink?.type) {
    case 'kafka':
      return sink.topic;
    case 'redis-stream':
      return sink.stream;
    case 'nats':
      return sink.subject;
    default:
      return '';
  }
}
