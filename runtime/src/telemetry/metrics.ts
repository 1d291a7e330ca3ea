import { collectDefaultMetrics, Registry } from 'prom-client';
import { METRIC_LABELS, METRICS, type ModelConfig } from '../contract';
import { BatchSizeMeter } from './batch-size-meter';
import { byValue, CellMetric, cells } from './cell-metric';
import { CellHistogram } from './histogram';
import {
  CACHE_RESULTS,
  CODE_CLASSES,
  type ModelMeters,
  PLACEMENTS,
  PROTOCOLS,
  type QueueReading,
  RequestMeter,
  SHED_REASONS,
  SOURCES,
  STAGES,
} from './model-meters';

const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const INFERENCE_SECONDS = [
  0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
];
const STAGE_SECONDS = [0.00001, ...INFERENCE_SECONDS, 2.5, 5];
const BATCH_ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

const LABELS = METRIC_LABELS;

/** What a model is called, what it is, and how long its answers may take. */
export type MeteredModel = Pick<ModelConfig, 'name' | 'version' | 'sha256' | 'format' | 'latencyBudgetMillis'>;

/** The metrics of one serving process. Every series exists from the start, with the value 0. */
export class ServingMetrics {
  /** What the metrics port exposes; metrics of the process included. */
  readonly registry = new Registry();

  /** Requests accepted and not yet answered. */
  inFlight = 0;

  private readonly requests = this.counter(METRICS.requests, 'Requests answered.');
  private readonly predictions = this.counter(METRICS.predictions, 'Predictions answered, by what answered.');
  private readonly shed = this.counter(METRICS.shed, 'Requests that were not run, by reason.');
  private readonly deaths = this.counter(METRICS.workerDeaths, 'Worker threads that ended unexpectedly.');
  private readonly cacheLookups = this.counter(METRICS.cacheLookups, 'Look-ups in the response cache.');
  private readonly cacheBytes = this.gauge(METRICS.cacheBytes, 'What the response cache holds, in bytes.');
  private readonly queuedRequests = this.gauge(METRICS.queuedRequests, 'Requests that wait for a run.');
  private readonly queuedRows = this.gauge(METRICS.queuedRows, 'Rows that wait for a run.');
  private readonly queueAge = this.gauge(METRICS.queueAge, 'Waiting time of the oldest request, in seconds.');
  private readonly batchLimit = this.gauge(METRICS.batchLimit, 'Most rows of several requests in one run.');
  private readonly placement = this.gauge(METRICS.placement, '1 for where the model runs, else 0.');
  private readonly modelReady = this.gauge(METRICS.modelReady, '1 when the model is loaded and warm, else 0.');
  private readonly loadSeconds = this.gauge(
    METRICS.modelLoadDuration,
    'Verify, load and warm-up of the model, in seconds.',
  );
  private readonly info = this.gauge(METRICS.modelInfo, 'Always 1; the labels describe the model.');
  private readonly requestSeconds = this.histogram(
    METRICS.requestDuration,
    'Arrival of a request to its answer, in seconds.',
    REQUEST_SECONDS,
  );
  private readonly stageSeconds = this.histogram(
    METRICS.stageDuration,
    'One request in one stage, in seconds.',
    STAGE_SECONDS,
  );
  private readonly inferenceSeconds = this.histogram(
    METRICS.inferenceDuration,
    'One run of the model, in seconds.',
    INFERENCE_SECONDS,
  );
  private readonly batchRows = this.histogram(METRICS.batchRows, 'Rows in one run of the model.', BATCH_ROWS);

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.gauge(METRICS.inFlight, 'Requests accepted and not yet answered.').reading({}, () => this.inFlight);
  }

  /** Makes the series of a model version. Call it once for each, and again after {@link ModelMeters.remove}. */
  forModel({ name, version, sha256, format, latencyBudgetMillis }: MeteredModel): ModelMeters {
    const labels = { [LABELS.model]: name, [LABELS.version]: version };
    const budget = latencyBudgetMillis === undefined ? undefined : latencyBudgetMillis / 1000;
    const ready = this.modelReady.cell(labels);
    const loadSeconds = this.loadSeconds.cell(labels);
    const setInfo: ModelMeters['setInfo'] = (file) => {
      this.info.remove(labels);
      this.info.cell({ ...labels, [LABELS.sha256]: file.sha256, [LABELS.format]: file.format }).value = 1;
    };
    setInfo({ sha256, format });
    const requests = byValue(PROTOCOLS, (protocol) => {
      const withProtocol = { ...labels, [LABELS.protocol]: protocol };
      const meter = new RequestMeter(this.requestSeconds.cell(withProtocol, budget));
      CODE_CLASSES.forEach((code, index) => {
        this.requests.reading({ ...withProtocol, [LABELS.codeClass]: code }, () => meter.answers[index]);
      });
      return meter;
    });
    let queue = (): QueueReading => ({ requests: 0, rows: 0, oldestSeconds: 0, batchLimit: 0 });
    this.queuedRequests.reading(labels, () => queue().requests);
    this.queuedRows.reading(labels, () => queue().rows);
    this.queueAge.reading(labels, () => queue().oldestSeconds);
    this.batchLimit.reading(labels, () => queue().batchLimit);
    return {
      requests,
      runs: {
        seconds: this.inferenceSeconds.cell(labels),
        rows: this.batchRows.cell(labels),
        sizes: new BatchSizeMeter(),
        stages: byValue(STAGES, (stage) => this.stageSeconds.cell({ ...labels, [LABELS.stage]: stage }, budget)),
        predictions: cells(this.predictions, labels, LABELS.source, SOURCES),
        shed: cells(this.shed, labels, LABELS.reason, SHED_REASONS),
        watchQueue: (read) => {
          queue = read;
        },
      },
      placement: {
        placement: cells(this.placement, labels, LABELS.placement, PLACEMENTS),
        deaths: this.deaths.cell(labels),
      },
      cache: {
        lookups: cells(this.cacheLookups, labels, LABELS.result, CACHE_RESULTS),
        seconds: { hit: 0, miss: 0 },
        bytes: this.cacheBytes.cell(labels),
      },
      setInfo,
      setReady: (isReady) => {
        ready.value = isReady ? 1 : 0;
      },
      setLoadSeconds: (seconds) => {
        loadSeconds.value = seconds;
      },
      remove: () => this.remove(labels),
    };
  }

  private remove(labels: Readonly<Record<string, string>>): void {
    const { requests, predictions, shed, deaths, cacheLookups, cacheBytes, queuedRequests, queuedRows } = this;
    const { queueAge, batchLimit, placement, modelReady, loadSeconds, info } = this;
    const { requestSeconds, stageSeconds, inferenceSeconds, batchRows } = this;
    const counters = [requests, predictions, shed, deaths, cacheLookups];
    const gauges = [cacheBytes, queuedRequests, queuedRows, queueAge, batchLimit, placement, modelReady, loadSeconds];
    for (const metric of [...counters, ...gauges, info, requestSeconds, stageSeconds, inferenceSeconds, batchRows]) {
      metric.remove(labels);
    }
  }

  private counter(name: string, help: string): CellMetric<string> {
    return new CellMetric({ type: 'counter', name, help, registry: this.registry });
  }

  private gauge(name: string, help: string): CellMetric<string> {
    return new CellMetric({ type: 'gauge', name, help, registry: this.registry });
  }

  private histogram(name: string, help: string, bounds: readonly number[]): CellHistogram<string> {
    return new CellHistogram({ name, help, bounds, registry: this.registry });
  }
}
