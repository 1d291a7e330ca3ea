import type { Tensor } from '../../runtime/src/model';
import { RequestError } from '../../runtime/src/protocol';
import { type Inference, type Job, PRIORITIES, ResponseCache } from '../../runtime/src/scheduling';
import { ServingMetrics } from '../../runtime/src/telemetry';
import { numbers } from '../support/fixed-session';

class TestJob implements Job {
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  readonly times = { queue: 0, features: 0, inference: 0 };
  priority: Job['priority'] = PRIORITIES.interactive;
  expiresAt = 1000;
  abandoned = false;
  readonly ends: unknown[] = [];

  constructor(...values: number[]) {
    this.inputs = [numbers(...values)];
    this.rows = values.length;
  }

  succeed([output]: readonly Tensor[], firstRow: number | undefined, source: string): void {
    const from = firstRow ?? 0;
    this.ends.push([source, ...Array.from(output.data as Float32Array).slice(from, from + this.rows)]);
  }

  fail({ status }: RequestError): void {
    this.ends.push(status);
  }

  discard(): void {
    this.ends.push('discarded');
  }
}

/** What is behind the cache: it keeps what it gets until a test ends it. */
class Behind implements Inference {
  readonly jobs: Job[] = [];

  submit(job: Job): void {
    this.jobs.push(job);
  }

  /** Answers the oldest job with its values and 100, from the middle of a shared run. */
  answer(): void {
    const job = this.jobs.shift();
    const values = Array.from(job?.inputs[0].data as Float32Array, (value) => value + 100);
    job?.succeed([numbers(-1, ...values, -1)], 1, 'own');
  }
}

function cached(config = { maxBytes: 100_000, maxAgeMillis: 60_000 }) {
  const meters = new ServingMetrics().forModel({ name: 'm', version: '1', sha256: '', format: 'onnx' });
  const behind = new Behind();
  const { predictions } = meters.runs;
  const cache = new ResponseCache({ config, meter: meters.cache, predictions, next: behind });
  const submit = (job: TestJob) => {
    cache.submit(job);
    return job;
  };
  const { lookups } = meters.cache;
  const counts = () => [lookups.hit.value, lookups.miss.value, lookups.shared.value];
  return { behind, submit, counts, predictions, bytes: meters.cache.bytes };
}

describe('ResponseCache', () => {
  it('answers equal inputs from what it kept, and says so', () => {
    const { behind, submit, counts, predictions, bytes } = cached();
    const first = submit(new TestJob(1, 2));
    behind.answer();
    const second = submit(new TestJob(1, 2));
    expect([first.ends, second.ends]).toEqual([[['own', 101, 102]], [['response-cache', 101, 102]]]);
    expect(behind.jobs).toEqual([]);
    expect([counts(), predictions['response-cache'].value]).toEqual([[1, 1, 0], 1]);
    expect(bytes.value).toBeGreaterThan(8);
  });

  it('takes inputs for equal only when datatype, shape and every value agree', () => {
    const { behind, submit } = cached();
    submit(new TestJob(1, 2));
    behind.answer();
    const reshaped = new TestJob(1, 2);
    Object.assign(reshaped, { inputs: [{ ...numbers(1, 2), shape: [1, 2] }] });
    const integers = new TestJob(1, 2);
    Object.assign(integers, { inputs: [{ ...numbers(1, 2), datatype: 'INT32' }] });
    const texts = ['ab,c', 'a,bc'].map((text) => {
      const job = new TestJob();
      Object.assign(job, { inputs: [{ datatype: 'BYTES', shape: [2], data: text.split(',') }] });
      return job;
    });
    for (const job of [new TestJob(2, 1), new TestJob(1), reshaped, integers, ...texts]) {
      submit(job);
    }
    expect(behind.jobs).toHaveLength(6);
  });

  it('runs equal requests that come together once', () => {
    const { behind, submit, counts } = cached();
    const jobs = [1, 2, 3].map(() => submit(new TestJob(5)));
    const other = submit(new TestJob(6));
    expect(behind.jobs).toHaveLength(2);
    behind.answer();
    behind.answer();
    expect(jobs.map(({ ends }) => ends)).toEqual([
      [['own', 105]],
      [['response-cache', 105]],
      [['response-cache', 105]],
    ]);
    expect(other.ends).toEqual([['own', 106]]);
    expect(counts()).toEqual([0, 2, 2]);
  });

  it('keeps no failure, shares one that is the fault of the inputs, and repeats the others', () => {
    const { behind, submit } = cached();
    const bad = [submit(new TestJob(1)), submit(new TestJob(1))];
    behind.jobs.shift()?.fail(new RequestError(400, 'bad'));
    expect(bad.map(({ ends }) => ends)).toEqual([[400], [400]]);

    const [first, second] = [submit(new TestJob(2)), submit(new TestJob(2))];
    behind.jobs.shift()?.fail(new RequestError(504, 'late'));
    expect([first.ends, second.ends]).toEqual([[504], []]);
    behind.answer();
    expect(second.ends).toEqual([['own', 102]]);
  });

  it('runs a request that its client has left as long as another one waits for it', () => {
    const { behind, submit } = cached();
    const [first, second] = [submit(new TestJob(1)), submit(new TestJob(1))];
    first.abandoned = true;
    expect(behind.jobs[0].abandoned).toBe(false);
    behind.answer();
    expect([first.ends, second.ends]).toEqual([['discarded'], [['response-cache', 101]]]);

    const [third, fourth] = [submit(new TestJob(2)), submit(new TestJob(2))];
    third.abandoned = true;
    fourth.abandoned = true;
    expect(behind.jobs[0].abandoned).toBe(true);
    behind.jobs[0].discard();
    expect([third.ends, fourth.ends]).toEqual([['discarded'], ['discarded']]);
  });

  it('lets no urgent request wait for one that is less so', () => {
    const { behind, submit } = cached();
    const batch = new TestJob(1);
    batch.priority = PRIORITIES.batch;
    submit(batch);
    submit(new TestJob(1));
    const urgent = new TestJob(1);
    urgent.expiresAt = 1;
    submit(urgent);
    expect(behind.jobs).toHaveLength(3);
  });

  it('drops what was used least recently when its memory is full, and what is too old', () => {
    const { behind, submit } = cached({ maxBytes: 600, maxAgeMillis: 60_000 });
    for (const value of [1, 2, 3]) {
      submit(new TestJob(value));
      behind.answer();
    }
    expect(submit(new TestJob(3)).ends).toEqual([['response-cache', 103]]);
    submit(new TestJob(1));
    expect(behind.jobs).toHaveLength(1);
  });
});
