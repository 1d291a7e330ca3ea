import type { Tensor } from '../../runtime/src/model';
import type { RequestError } from '../../runtime/src/protocol';
import { BATCHER_LIMITS, Batcher, type Job, PRIORITIES, type Priority, priorityOf } from '../../runtime/src/scheduling';
import { CostEstimate } from '../../runtime/src/scheduling/cost-estimate';
import { QueueLimit } from '../../runtime/src/scheduling/queue-limit';
import { createLogger } from '../../runtime/src/telemetry';
import { modelOf, numbers } from '../support/fixed-session';
import { runMeter } from '../support/run-meter';

const SECOND_A_RUN = { points: [{ rows: 1, seconds: 1 }], worthwhileRows: 1, flatRows: 1, settled: true };

class TestJob implements Job {
  readonly inputs: readonly Tensor[];
  readonly rows = 1;
  readonly times = { queue: 0, features: 0, inference: 0 };
  readonly expiresAt: number;
  abandoned = false;
  end: unknown = 'waits';

  constructor(
    seconds: number,
    readonly priority: Priority = PRIORITIES.interactive,
    private readonly order: TestJob[] = [],
  ) {
    this.inputs = [numbers(1)];
    this.expiresAt = performance.now() + seconds * 1000;
  }

  succeed(): void {
    this.end = 'answered';
    this.order.push(this);
  }

  fail({ status, headers }: RequestError): void {
    this.end = status === 429 ? `429 ${headers['Retry-After']}` : status;
  }

  discard(): void {
    this.end = 'discarded';
  }
}

/** A batcher whose model takes a second a run, as far as it knows, and runs when the test lets it. */
function held(changes: Partial<typeof BATCHER_LIMITS> = {}) {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const model = modelOf({
    workers: 1,
    cost: SECOND_A_RUN,
    run: async (inputs) => {
      await gate;
      return { outputs: [...inputs], seconds: 1 };
    },
  });
  const meter = runMeter();
  const limits = { ...BATCHER_LIMITS, ...changes };
  const batcher = new Batcher(model, meter, createLogger({ level: 'silent' }), limits, { maxBatchSize: 1 });
  const submit = async (...jobs: TestJob[]) => {
    for (const job of jobs) {
      batcher.submit(job);
    }
    await new Promise(setImmediate);
  };
  return { batcher, meter, submit, release };
}

describe('admission', () => {
  it('takes the first request whatever it costs, and refuses those that could not be answered in time', async () => {
    const { batcher, meter, submit, release } = held();
    const first = new TestJob(0.5);
    await submit(first);
    // One runs for a second, and one waits for that.
    const [soon, later] = [new TestJob(2), new TestJob(100)];
    await submit(new TestJob(100), soon, later);
    expect([soon.end, later.end]).toEqual(['429 2', 'waits']);
    expect(batcher.admission.refusal(performance.now() + 1000)?.status).toBe(429);
    expect(batcher.admission.refusal(performance.now() + 100_000)).toBeUndefined();
    expect(meter.shed.deadline.value).toBe(2);
    release();
    await batcher.idle();
    expect([first.end, later.end]).toEqual(['answered', 'answered']);
  });

  it('lets no more wait than allowed, the lowest priority least of all', async () => {
    const { batcher, meter, submit, release } = held({ queuedRequests: 2 });
    await submit(new TestJob(1000));
    const batch = [1, 2].map(() => new TestJob(1000, PRIORITIES.batch));
    await submit(...batch);
    const more = new TestJob(1000, PRIORITIES.batch);
    const shadow = new TestJob(1000, PRIORITIES.shadow);
    const urgent = new TestJob(1000);
    await submit(more, shadow, urgent);
    const last = new TestJob(1000, PRIORITIES.shadow);
    await submit(last);
    expect([more.end, shadow.end, urgent.end, ...batch.map(({ end }) => end), last.end]).toEqual([
      expect.stringMatching(/^429/),
      'waits',
      'waits',
      expect.stringMatching(/^429/),
      expect.stringMatching(/^429/),
      expect.stringMatching(/^429/),
    ]);
    expect([meter.shed.priority.value, meter.shed['queue-full'].value]).toEqual([2, 2]);
    release();
    await batcher.idle();
    expect([shadow.end, urgent.end]).toEqual(['answered', 'answered']);
  });

  it('runs what is urgent first, and the older first among equals', async () => {
    const { batcher, submit, release } = held();
    const order: TestJob[] = [];
    await submit(new TestJob(1000), new TestJob(1000));
    const priorities = [PRIORITIES.batch, PRIORITIES.shadow, PRIORITIES.interactive, PRIORITIES.interactive];
    const [batch, shadow, first, second] = priorities.map((priority) => new TestJob(1000, priority, order));
    await submit(batch, shadow, first, second);
    release();
    await batcher.idle();
    expect(order).toEqual([first, second, shadow, batch]);
  });

  it('drops what has expired at its deadline, while a run is under way', async () => {
    const { batcher, meter, submit, release } = held();
    await submit(new TestJob(1000), new TestJob(1000));
    const short = new TestJob(0.05);
    // It is taken because its own time is not looked at here: a request may become late after it was taken.
    batcher.admission.admit = () => undefined;
    const ended = new Promise<void>((resolve) => {
      const fail = short.fail.bind(short);
      short.fail = (error) => {
        fail(error);
        resolve();
      };
    });
    await submit(short);
    // The timer of deadlines alone keeps no process running.
    const alive = setInterval(() => undefined, 1000);
    await ended;
    clearInterval(alive);
    expect([short.end, meter.shed.expired.value]).toEqual([504, 1]);
    release();
    await batcher.idle();
  });

  it('takes nothing more when it closes, and finishes what it has', async () => {
    const { batcher, submit, release } = held();
    const taken = new TestJob(1000);
    await submit(taken);
    const closed = batcher.close();
    const late = new TestJob(1000);
    await submit(late);
    release();
    await closed;
    expect([taken.end, late.end]).toEqual(['answered', 503]);
  });
});

describe('priorityOf', () => {
  it.each([
    [undefined, PRIORITIES.interactive],
    [0, PRIORITIES.interactive],
    [1, PRIORITIES.interactive],
    [2, PRIORITIES.shadow],
    [3, PRIORITIES.batch],
    [1_000_000, PRIORITIES.batch],
  ])('%p is %p', (parameter, priority) => {
    expect(priorityOf(parameter)).toBe(priority);
  });

  it.each([-1, 1.5, Number.NaN])('refuses %p', (parameter) => {
    expect(() => priorityOf(parameter)).toThrow(expect.objectContaining({ status: 400 }));
  });
});

describe('CostEstimate', () => {
  const points = [
    { rows: 1, seconds: 0.01 },
    { rows: 10, seconds: 0.02 },
  ];

  it('lies between measured sizes, and in proportion beyond them', () => {
    const cost = new CostEstimate(points);
    expect([1, 5.5, 10, 100].map((rows) => cost.seconds(rows))).toEqual([0.01, 0.015, 0.02, expect.closeTo(0.2)]);
  });

  it('expects nothing before the first run, and learns from it', () => {
    const cost = new CostEstimate();
    expect(cost.seconds(5)).toBe(0);
    cost.observe(2, 0.1);
    expect(cost.seconds(2)).toBe(0.1);
  });

  it('follows what runs take, and is hardly moved by one that took long', () => {
    const cost = new CostEstimate(points);
    cost.observe(1, 100);
    expect(cost.seconds(1)).toBeLessThan(0.014);
    for (let run = 0; run < 100; run += 1) {
      cost.observe(1, 0.03);
    }
    expect(cost.seconds(1)).toBeCloseTo(0.03, 3);
  });
});

describe('QueueLimit', () => {
  /** Intervals in which so many requests come, go and wait. */
  function limitAfter(
    intervals: { come: number; go: number; wait: number; refused?: number; waiting: number }[],
  ): number {
    const limit = new QueueLimit(1000, 4);
    let now = 0;
    limit.judge(0, 1, now);
    for (const { come, go, wait, refused = 0, waiting } of intervals) {
      for (let index = 0; index < come; index += 1) {
        limit.noteArrival();
      }
      for (let index = 0; index < go; index += 1) {
        limit.noteWait(wait);
      }
      for (let index = 0; index < refused; index += 1) {
        limit.noteRefusal();
      }
      now += 101;
      limit.judge(waiting, 1, now);
    }
    return limit.requests;
  }

  it('stays as it is for clients that each wait for their answer, however long that takes', () => {
    expect(limitAfter(Array.from({ length: 50 }, () => ({ come: 10, go: 10, wait: 900, waiting: 90 })))).toBe(1000);
  });

  it('stays as it is for a queue that grows for a moment, and for one that is short', () => {
    expect(limitAfter([{ come: 500, go: 10, wait: 900, waiting: 490 }])).toBe(1000);
    expect(limitAfter(Array.from({ length: 50 }, () => ({ come: 20, go: 10, wait: 10, waiting: 90 })))).toBe(1000);
  });

  it('shrinks while more come than go and all of them wait', () => {
    const overload = { come: 20, go: 10, wait: 400, waiting: 100 };
    expect([4, 5].map((count) => limitAfter(Array.from({ length: count }, () => overload)))).toEqual([1000, 50]);
    expect(limitAfter(Array.from({ length: 20 }, () => ({ ...overload, waiting: 40, refused: 10 })))).toBe(4);
  });

  it('is lifted when the model was idle', () => {
    const limit = new QueueLimit(1000, 4);
    limit.judge(0, 1, 0);
    limit.noteRefusal();
    limit.noteWait(400);
    limit.judge(100, 1, 101);
    expect(limit.requests).toBe(50);
    limit.noteIdle();
    expect(limit.requests).toBe(1000);
  });

  it('is lifted now and then, for clients that ask again at once when they are refused', () => {
    const overload = { come: 20, go: 10, wait: 400, waiting: 100, refused: 10 };
    const limits = Array.from({ length: 60 }, (_, count) => limitAfter(Array.from({ length: count }, () => overload)));
    expect(limits.slice(1).indexOf(1000)).toBe(50);
    // Then they all wait, and no more come than go: it stays.
    const steady = { come: 10, go: 10, wait: 800, waiting: 90 };
    const lifted = [...Array.from({ length: 51 }, () => overload), { ...overload, refused: 0 }];
    expect(limitAfter([...lifted, ...Array.from({ length: 20 }, () => steady)])).toBe(1000);
    // Or still more come: it shrinks again soon.
    const growing = { ...overload, refused: 0 };
    expect(limitAfter([...lifted, ...Array.from({ length: 5 }, () => growing)])).toBeLessThan(100);
  });

  it('recovers when nothing is refused any more', () => {
    const overload = { come: 20, go: 10, wait: 400, waiting: 100, refused: 10 };
    const calm = { come: 10, go: 10, wait: 1, waiting: 0 };
    expect(limitAfter([overload, ...Array.from({ length: 40 }, () => calm)])).toBe(1000);
  });
});
