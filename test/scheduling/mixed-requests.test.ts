import fc from 'fast-check';
import { EngineError, type Tensor } from '../../runtime/src/model';
import type { RequestError } from '../../runtime/src/protocol';
import { BATCHER_LIMITS, Batcher, type Job, type PredictionSource, type Priority } from '../../runtime/src/scheduling';
import { createLogger } from '../../runtime/src/telemetry';
import { modelOf, numbers } from '../support/fixed-session';
import { runMeter } from '../support/run-meter';

/** What the model cannot evaluate. */
const BAD = -1;

interface Request {
  readonly rows: number;
  readonly priority: Priority;
  readonly bad: boolean;
  readonly patience: 'endless' | 'short' | 'gone' | 'leaves';
}

/** A job whose values no other job has, and which remembers how often it ended. */
class UniqueJob implements Job {
  static next = 1;
  readonly inputs: readonly Tensor[];
  readonly times = { queue: 0, features: 0, inference: 0 };
  readonly rows: number;
  readonly priority: Priority;
  readonly expiresAt: number;
  abandoned: boolean;
  readonly ends: string[] = [];
  private readonly values: number[];

  constructor({ rows, priority, bad, patience }: Request) {
    this.values = Array.from({ length: rows }, () => UniqueJob.next++);
    this.inputs = [numbers(...this.values.map((value, row) => (bad && row === rows >> 1 ? BAD : value)))];
    this.rows = rows;
    this.priority = priority;
    this.expiresAt = performance.now() + (patience === 'short' ? 2 : 100_000);
    this.abandoned = patience === 'gone';
    if (patience === 'leaves') {
      setImmediate(() => {
        this.abandoned = true;
      });
    }
  }

  succeed([output]: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    const from = firstRow ?? 0;
    const own = Array.from(output.data as Float32Array).slice(from, from + this.rows);
    const alone = firstRow !== undefined || output.data.length === this.rows;
    const right = alone && source === 'own' && own.every((value, row) => value === this.values[row] * 2);
    this.ends.push(right ? 'answered' : `WRONG ANSWER ${own} for ${this.values}`);
  }

  fail({ status }: RequestError): void {
    this.ends.push(String(status));
  }

  discard(): void {
    this.ends.push('discarded');
  }
}

const request: fc.Arbitrary<Request> = fc.record({
  rows: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) }, { weight: 1, arbitrary: fc.nat(300) }),
  priority: fc.constantFrom<Priority>(0, 0, 1, 2),
  bad: fc.nat(19).map((dice) => dice === 0),
  patience: fc.constantFrom('endless', 'endless', 'endless', 'endless', 'short', 'gone', 'leaves'),
});

const setting = fc.record({
  workers: fc.constantFrom(0, 0, 1, 2),
  independentRows: fc.boolean(),
  measured: fc.boolean(),
  queuedRequests: fc.constantFrom(undefined, 3, 50),
  maxBatchSize: fc.constantFrom(undefined, 1, 7),
  maxDelayMillis: fc.constantFrom(undefined, 0, 1),
  preferredBatchSizes: fc.constantFrom<number[] | undefined>(undefined, [4]),
  turns: fc.array(fc.array(request, { maxLength: 60 }), { minLength: 1, maxLength: 6 }),
});

describe('any mixture of requests', () => {
  it('ends every one exactly once, with its own answer or its own failure', async () => {
    let answered = 0;
    let requests = 0;
    await fc.assert(
      fc.asyncProperty(setting, async ({ workers, independentRows, measured, queuedRequests, turns, ...batching }) => {
        const model = modelOf({
          workers,
          independentRows,
          cost: measured
            ? {
                points: [1, 2, 4, 8, 16].map((rows) => ({ rows, seconds: rows * 0.0005 })),
                worthwhileRows: 8,
                flatRows: 16,
                settled: true,
              }
            : undefined,
          run: async ([{ data }]) => {
            const values = data as Float32Array;
            for (let turn = 0; turn <= values.length % 3; turn += 1) {
              await new Promise(setImmediate);
            }
            if (values.includes(BAD)) {
              throw new EngineError('Gather', { cause: new Error('a bad value') });
            }
            return { outputs: [numbers(...values.map((value) => value * 2))], seconds: values.length * 0.0005 };
          },
        });
        const limits = { ...BATCHER_LIMITS, queuedRequests };
        const batcher = new Batcher(model, runMeter(), createLogger({ level: 'silent' }), limits, batching);
        const jobs: { job: UniqueJob; request: Request }[] = [];
        for (const turn of turns) {
          for (const each of turn) {
            const job = new UniqueJob(each);
            jobs.push({ job, request: each });
            batcher.submit(job);
          }
          await new Promise(setImmediate);
        }
        await batcher.idle();
        for (const { job, request: asked } of jobs) {
          expect(job.ends).toHaveLength(1);
          const [end] = job.ends;
          requests += 1;
          answered += end === 'answered' ? 1 : 0;
          const allowed = ['429', ...(asked.patience === 'endless' ? [] : ['504', 'discarded'])];
          // A large request is refused while others wait; a bad row is the fault of its request alone.
          allowed.push(asked.bad && asked.rows > 0 ? '400' : 'answered');
          expect(allowed).toContain(end);
        }
      }),
      { numRuns: 150 },
    );
    expect(requests).toBeGreaterThan(2000);
    expect(answered).toBeGreaterThan(requests / 10);
  });
});
