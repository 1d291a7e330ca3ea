import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { METRIC_LABELS, METRICS, type ModelConfig } from '../contract';
import { CellHistogram, type HistogramCell } from './histogram';

/** Protocols that requests come by; values of the label `protocol`. */
type Protocol = 'v1' | 'v2';

const PROTOCOLS: readonly Protocol[] = ['v1', 'v2'];
const CODE_CLASSES = ['2xx', '4xx', '5xx'] as const;

const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const INFERENCE_SECONDS = [
  0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
];
const BATCH_ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

const {
  model: MODEL,
  version: VERSION,
  protocol: PROTOCOL,
  codeClass: CODE,
  sha256: SHA256,
  format: FORMAT,
} = METRIC_LABELS;

/** Counts the answers of one model version over one protocol. */
export class RequestMeter {
  /** Answers by code class, in the order 2xx, 4xx, 5xx. */
  readonly answers = new Float64Array(CODE_CLASSES.length);

  constructor(private readonly duration: HistogramCell) {}

  /**
   * Notes an answer.
   *
   * @param status HTTP status code
   * @param seconds from the arrival of the request
   */
  record(status: number, seconds: number): void {
    this.answers[status < 400 ? 0 : status < 500 ? 1 : 2] += 1;
    this.duration.observe(seconds);
  }
}

/** Counts the runs of one model version. */
export interface RunMeter {
  /** Seconds of one run. */
  readonly seconds: HistogramCell;

  /** Rows of one run. */
  readonly rows: HistogramCell;
}

/** What is measured of one model version. */
export interface ModelMeters {
  readonly requests: Readonly<Record<Protocol, RequestMeter>>;
  readonly runs: RunMeter;

  /** Loaded and warm. */
  setReady(ready: boolean): void;

  /** Time of verifying, loading and warming up. */
  setLoadSeconds(seconds: number): void;
}

/** The metrics of one serving process. Every series exists from the start, with the value 0. */
export class ServingMetrics {
  /** What the metrics port exposes; metrics of the process included. */
  readonly registry = new Registry();

  /** Requests accepted and not yet answered. */
  inFlight = 0;

  private readonly requestSeconds: CellHistogram<string>;
  private readonly inferenceSeconds: CellHistogram<string>;
  private readonly batchRows: CellHistogram<string>;
  private readonly modelReady: Gauge;
  private readonly loadSeconds: Gauge;
  private readonly info: Gauge;
  private readonly meters: { labels: Record<string, string>; meter: RequestMeter }[] = [];

  constructor() {
    const { registry } = this;
    const ofModel = [MODEL, VERSION];
    collectDefaultMetrics({ register: registry });
    const { meters } = this;
    new Counter({
      name: METRICS.requests,
      help: 'Requests answered.',
      labelNames: [...ofModel, PROTOCOL, CODE],
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, meter } of meters) {
          CODE_CLASSES.forEach((code, index) => {
            this.inc({ ...labels, [CODE]: code }, meter.answers[index]);
          });
        }
      },
    });
    const current = () => this.inFlight;
    new Gauge({
      name: METRICS.inFlight,
      help: 'Requests accepted and not yet answered.',
      registers: [registry],
      collect() {
        this.set(current());
      },
    });
    this.requestSeconds = new CellHistogram({
      name: METRICS.requestDuration,
      help: 'Arrival of a request to its answer, in seconds.',
      bounds: REQUEST_SECONDS,
      registry,
    });
    this.inferenceSeconds = new CellHistogram({
      name: METRICS.inferenceDuration,
      help: 'One run of the model, in seconds.',
      bounds: INFERENCE_SECONDS,
      registry,
    });
    this.batchRows = new CellHistogram({
      name: METRICS.batchRows,
      help: 'Rows in one run of the model.',
      bounds: BATCH_ROWS,
      registry,
    });
    const gauge = (name: string, help: string, labelNames: string[]) =>
      new Gauge({ name, help, labelNames, registers: [registry] });
    this.modelReady = gauge(METRICS.modelReady, '1 when the model is loaded and warm, else 0.', ofModel);
    this.loadSeconds = gauge(METRICS.modelLoadDuration, 'Verify, load and warm-up of the model, in seconds.', ofModel);
    this.info = gauge(METRICS.modelInfo, 'Always 1; the labels describe the model.', [...ofModel, SHA256, FORMAT]);
  }

  /** Makes the series of a model version. Call it once for each. */
  forModel({
    name,
    version,
    sha256,
    format,
  }: Pick<ModelConfig, 'name' | 'version' | 'sha256' | 'format'>): ModelMeters {
    const labels = { [MODEL]: name, [VERSION]: version };
    this.modelReady.set(labels, 0);
    this.loadSeconds.set(labels, 0);
    this.info.set({ ...labels, [SHA256]: sha256, [FORMAT]: format }, 1);
    const [v1, v2] = PROTOCOLS.map((protocol) => {
      const withProtocol = { ...labels, [PROTOCOL]: protocol };
      const meter = new RequestMeter(this.requestSeconds.cell(withProtocol));
      this.meters.push({ labels: withProtocol, meter });
      return meter;
    });
    return {
      requests: { v1, v2 },
      runs: { seconds: this.inferenceSeconds.cell(labels), rows: this.batchRows.cell(labels) },
      setReady: (ready) => this.modelReady.set(labels, ready ? 1 : 0),
      setLoadSeconds: (seconds) => this.loadSeconds.set(labels, seconds),
    };
  }
}
