import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { bindHost } from '../../config';
import { BATCH_METRIC_LABELS, BATCH_METRICS, HTTP_PATHS } from '../../contract';
import type { Progress } from './progress';

const {
  job: JOB,
  shard: SHARD,
  outcome: OUTCOME,
  state: STATE,
  stage: STAGE,
  direction: DIRECTION,
} = BATCH_METRIC_LABELS;
const UNIT_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];

/** What a unit spends its time in. */
export type Stage = 'download' | 'score' | 'upload';

/** The metrics of a shard. */
export class BatchMetrics {
  readonly registry = new Registry();
  private progress: Progress | undefined;
  private readonly durations: Histogram;
  private readonly bytes: Counter;

  constructor(labels: { readonly job: string; readonly shard: number }) {
    this.registry.setDefaultLabels({ [JOB]: labels.job, [SHARD]: String(labels.shard) });
    collectDefaultMetrics({ register: this.registry });
    const registers = [this.registry];
    const reading = () => this.progress?.reading();
    const gauge = (name: string, help: string, value: () => number | undefined) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value() ?? Number.NaN);
        },
      });
    const { registry } = this;
    const current = () => this.progress?.counts ?? { rows: 0, errors: 0 };
    new Counter({
      name: BATCH_METRICS.rows,
      help: 'Rows that this process scored, by outcome.',
      labelNames: [OUTCOME],
      registers: [registry],
      collect() {
        const { rows, errors } = current();
        this.reset();
        this.inc({ [OUTCOME]: 'predicted' }, rows);
        this.inc({ [OUTCOME]: 'error' }, errors);
      },
    });
    new Gauge({
      name: BATCH_METRICS.units,
      help: 'Units of the shard, by state.',
      labelNames: [STATE],
      registers,
      collect() {
        const { unitsDone = 0, units = 0 } = reading() ?? {};
        this.set({ [STATE]: 'done' }, unitsDone);
        this.set({ [STATE]: 'waiting' }, units - unitsDone);
      },
    });
    gauge(BATCH_METRICS.plannedRows, 'Rows of the shard in the plan.', () => reading()?.plannedRows);
    gauge(BATCH_METRICS.rate, 'Rows a second, over the last minute.', () => reading()?.rowsPerSecond);
    gauge(
      BATCH_METRICS.remaining,
      'Expected time until the shard is done, in seconds.',
      () => reading()?.remainingSeconds,
    );
    this.durations = new Histogram({
      name: BATCH_METRICS.unitDuration,
      help: 'What one unit spent in one stage, in seconds.',
      labelNames: [STAGE],
      buckets: UNIT_SECONDS,
      registers,
    });
    this.bytes = new Counter({
      name: BATCH_METRICS.bytes,
      help: 'Bytes downloaded and uploaded.',
      labelNames: [DIRECTION],
      registers,
    });
  }

  /** Rows, units and speed come from here. */
  follow(progress: Progress): void {
    this.progress = progress;
  }

  /** Measures a stage of a unit. */
  async during<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const end = this.durations.startTimer({ [STAGE]: stage });
    const result = await work();
    end();
    return result;
  }

  countBytes(direction: 'read' | 'written', bytes: number): void {
    this.bytes.inc({ [DIRECTION]: direction }, bytes);
  }

  /** Serves `/metrics`, and `/live` for a probe. @param port 0 = any free one */
  async listen(port: number): Promise<Server> {
    const server = createServer((request, response) => {
      const path = (request.url ?? '').split('?')[0];
      if (path === '/live' || path === HTTP_PATHS.live) {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"live":true}');
      } else if (path === HTTP_PATHS.metrics) {
        this.registry.metrics().then(
          (text) => response.writeHead(200, { 'content-type': this.registry.contentType }).end(text),
          () => response.writeHead(500).end(),
        );
      } else {
        response
          .writeHead(404, { 'content-type': 'application/json' })
          .end(JSON.stringify({ error: `There are ${HTTP_PATHS.metrics} and /live here.` }));
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, bindHost(), resolve);
    });
    server.unref();
    return server;
  }
}
