import {
  type Answerer,
  CachedAnswers,
  checkTarget,
  DefaultPrediction,
  Fallback,
  ModelFallback,
} from '../../runtime/src/fallback';
import type { Signature, TensorSpec } from '../../runtime/src/model';
import { RequestError } from '../../runtime/src/protocol';
import { createLogger, type FallbackMeter } from '../../runtime/src/telemetry';
import { eventually } from '../support/eventually';
import { floats, HeldInference, TestJob } from '../support/test-job';

const LOGGER = createLogger({ level: 'silent' });
const spec = (name: string, shape: number[], datatype: TensorSpec['datatype'] = 'FP32'): TensorSpec => ({
  name,
  datatype,
  shape,
  symbols: shape.map(() => undefined),
});
const SIGNATURE: Signature = { inputs: [spec('x', [-1, 2])], outputs: [spec('y', [-1, 2])] };

function meter(): FallbackMeter {
  const cells = () => ({
    error: { value: 0 },
    overloaded: { value: 0 },
    unavailable: { value: 0 },
    deadline: { value: 0 },
  });
  return { answered: cells(), unanswered: cells() };
}

const stages: Fallback[] = [];
afterAll(() => {
  for (const stage of stages) {
    stage.close();
  }
});

function around(answerer: Answerer) {
  const held = new HeldInference();
  const counts = meter();
  const fallback = new Fallback({ answerer, meter: counts, logger: LOGGER, next: held });
  stages.push(fallback);
  const submit = (job = new TestJob([floats([1, 2], 1, 2)])) => {
    fallback.submit(job);
    return { job, inner: held.jobs.at(-1)! };
  };
  return { submit, counts, held };
}

describe('Fallback', () => {
  const prediction = () => new DefaultPrediction(SIGNATURE, { y: [7, 8] });

  it.each([
    [500, 'error'],
    [501, 'error'],
    [429, 'overloaded'],
    [503, 'unavailable'],
    [504, 'deadline'],
  ] as const)('answers when the model answers %d', (status, reason) => {
    const { submit, counts } = around(prediction());
    const { job, inner } = submit(new TestJob([floats([3, 2], 1, 2, 3, 4, 5, 6)]));
    inner.fail(new RequestError(status, 'no'));
    expect(job.told).toEqual([{ outputs: [floats([3, 2], 7, 8, 7, 8, 7, 8)], firstRow: undefined, source: 'default' }]);
    expect(counts.answered[reason].value).toBe(1);
  });

  it.each([400, 404, 409, 413, 415, 499])("passes the client's fault %d on", (status) => {
    const { submit } = around(prediction());
    const { job, inner } = submit();
    inner.fail(new RequestError(status, 'no'));
    expect(job.outcome).toBe(status);
  });

  it('passes answers and discards on', () => {
    const { submit } = around(prediction());
    const first = submit();
    first.inner.succeed([floats([1, 2], 3, 4)], undefined, 'response-cache');
    expect(first.job.outcome).toBe('response-cache');
    const second = submit();
    second.inner.discard();
    expect(second.job.told).toEqual(['discarded']);
  });

  it('answers at the deadline, drops the run, and ignores what comes late', async () => {
    const { submit, counts } = around(prediction());
    const started = performance.now();
    const long = submit(new TestJob([floats([1, 2], 1, 2)], { withinMillis: 60_000 }));
    const short = submit(new TestJob([floats([1, 2], 1, 2)], { withinMillis: 100 }));
    const middle = submit(new TestJob([floats([1, 2], 1, 2)], { withinMillis: 200 }));
    await eventually('both are answered', () => short.job.told.length + middle.job.told.length === 2);
    expect([short.job.outcome, middle.job.outcome, long.job.outcome]).toEqual(['default', 'default', undefined]);
    expect(performance.now() - started).toBeGreaterThan(190);
    expect([short.inner.abandoned, long.inner.abandoned]).toEqual([true, false]);
    short.inner.succeed([floats([1, 2], 0, 0)], undefined, 'own');
    middle.inner.fail(new RequestError(500, 'late'));
    expect([short.job.told.length, middle.job.told.length]).toEqual([1, 1]);
    expect(counts.answered.deadline.value).toBe(2);
    short.inner.discard();
    expect(short.job.told).toHaveLength(1);
  });

  it('does nothing for a client that has left', () => {
    const { submit, counts } = around(prediction());
    const { job, inner } = submit();
    job.abandoned = true;
    inner.fail(new RequestError(500, 'no'));
    expect(job.told).toEqual(['discarded']);
    expect(counts.answered.error.value).toBe(0);
  });

  it('lets an answer that cannot be written fail as before', () => {
    const { submit } = around(prediction());
    const { job, inner } = submit();
    const write = job.succeed.bind(job);
    job.succeed = () => {
      job.succeed = write;
      throw new Error('cannot be written');
    };
    expect(() => inner.succeed([floats([1, 2], 3, 4)], undefined, 'own')).toThrow('cannot be written');
    inner.fail(new RequestError(500, 'The answer could not be written.'));
    expect(job.outcome).toBe('default');
  });
});

describe('DefaultPrediction', () => {
  const message = (signature: Signature, prediction: Record<string, unknown>) => {
    try {
      new DefaultPrediction(signature, prediction);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  const signature: Signature = {
    inputs: [spec('x', [-1, 2])],
    outputs: [spec('label', [-1], 'INT64'), spec('probabilities', [-1, 2]), spec('note', [-1, 1], 'BYTES')],
  };
  const good = { label: 0, probabilities: [0.5, 0.5], note: 'unknown' };

  it('takes a value, a list in the shape of a row, and a value for a row of one', () => {
    const { submit } = around(new DefaultPrediction(signature, good));
    const { job, inner } = submit(new TestJob([floats([2, 2], 1, 2, 3, 4)]));
    inner.fail(new RequestError(500, 'no'));
    expect(job.told).toMatchObject([
      {
        outputs: [
          { datatype: 'INT64', shape: [2], data: BigInt64Array.of(0n, 0n) },
          { datatype: 'FP32', shape: [2, 2], data: Float32Array.of(0.5, 0.5, 0.5, 0.5) },
          { datatype: 'BYTES', shape: [2, 1], data: ['unknown', 'unknown'] },
        ],
      },
    ]);
  });

  it('answers a request without rows', () => {
    const { submit } = around(new DefaultPrediction(signature, good));
    const { job, inner } = submit(new TestJob([floats([0, 2])]));
    inner.fail(new RequestError(500, 'no'));
    expect(job.told).toMatchObject([{ outputs: [{ shape: [0] }, { shape: [0, 2] }, { shape: [0, 1] }] }]);
  });

  it.each([
    [{ ...good, label: 0.5 }, "'label' must be one value of an integer"],
    [{ ...good, label: [0] }, "'label' must be one value"],
    [{ ...good, label: 2 ** 60 }, "'label' must be one value"],
    [{ ...good, probabilities: [0.5] }, "'probabilities' must be nested lists of the shape [2] of a number that FP32"],
    [{ ...good, probabilities: [[0.5, 0.5]] }, "'probabilities' must be"],
    [{ ...good, probabilities: 0.5 }, "'probabilities' must be"],
    [{ ...good, note: 1 }, "'note' must be"],
    [{ label: 0, note: '' }, "lacks the output 'probabilities' (FP32 [-1, 2])"],
    [{ ...good, other: 1 }, "no output 'other'"],
  ])('refuses %j', (prediction, expected) => {
    expect(message(signature, prediction)).toContain(expected);
  });

  it('takes open dimensions of a row as they are declared, and whole outputs of a model without rows', () => {
    const open: Signature = { inputs: [spec('x', [-1])], outputs: [spec('y', [-1, -1, 2])] };
    expect(message(open, { y: [[1, 2], [3, 4]] })).toBeUndefined(); // biome-ignore format: a matrix
    expect(message(open, { y: [[1, 2], [3]] })).toContain("'y' must be");
    const whole: Signature = { inputs: [spec('x', [-1])], outputs: [spec('y', [])] };
    expect(message(whole, { y: 4 })).toBeUndefined();
  });
});

describe('CachedAnswers', () => {
  const cached = (maxAgeMillis = 60_000, maxBytes = 100_000) => around(new CachedAnswers({ maxBytes, maxAgeMillis }));

  it("answers with the model's last answer for the same inputs, and its own rows alone", () => {
    const { submit, counts } = cached();
    const inputs = [floats([2, 2], 1, 2, 3, 4)];
    submit(new TestJob(inputs)).inner.succeed([floats([4, 1], 10, 11, 12, 13)], 1, 'own');
    const again = submit(new TestJob(inputs));
    again.inner.fail(new RequestError(500, 'no'));
    expect(again.job.told).toEqual([{ outputs: [floats([2, 1], 11, 12)], firstRow: undefined, source: 'cached' }]);

    const other = submit(new TestJob([floats([2, 2], 1, 2, 3, 5)]));
    other.inner.fail(new RequestError(503, 'the reason'));
    expect(other.job.told).toMatchObject([{ error: { status: 503, message: 'the reason' } }]);
    expect([counts.answered.error.value, counts.unanswered.unavailable.value]).toEqual([1, 1]);
  });

  it('tells inputs apart that have the same bytes', () => {
    const { submit } = cached();
    const texts = (...data: string[]) => [{ datatype: 'BYTES' as const, shape: [1, data.length], data }];
    submit(new TestJob(texts('ab', 'c'))).inner.succeed([floats([1], 1)], undefined, 'own');
    for (const inputs of [texts('a', 'bc'), texts('abc'), texts('ab', 'c', '')]) {
      const { job, inner } = submit(new TestJob(inputs));
      inner.fail(new RequestError(500, 'no'));
      expect(job.outcome).toBe(500);
    }
    submit(new TestJob([floats([1, 4], 1, 2, 3, 4)])).inner.succeed([floats([1], 1)], undefined, 'own');
    const { job, inner } = submit(new TestJob([floats([2, 2], 1, 2, 3, 4)]));
    inner.fail(new RequestError(500, 'no'));
    expect(job.outcome).toBe(500);
  });

  it('forgets what is too old, and the least recently used when there is no room', async () => {
    const { submit } = cached(1);
    submit().inner.succeed([floats([1], 1)], undefined, 'own');
    await eventually('the answer is too old', () => {
      const { job, inner } = submit();
      inner.fail(new RequestError(500, 'no'));
      return job.outcome === 500;
    });
    const small = cached(60_000, 2000);
    const asked = (value: number) => small.submit(new TestJob([floats([1, 1], value)]));
    for (let value = 0; value < 10; value += 1) {
      asked(value).inner.succeed([floats([1], value)], undefined, 'own');
    }
    const outcomes = Array.from({ length: 10 }, (_, value) => {
      const { job, inner } = asked(value);
      inner.fail(new RequestError(500, 'no'));
      return job.outcome;
    });
    expect(outcomes[0]).toBe(500);
    expect(outcomes[9]).toBe('cached');
  });

  it('keeps no fallback as an answer of the model', () => {
    const { submit } = cached();
    submit().inner.fail(new RequestError(500, 'no'));
    const { job, inner } = submit();
    inner.fail(new RequestError(500, 'no'));
    expect(job.outcome).toBe(500);
  });
});

describe('ModelFallback', () => {
  it('gives the request to the other model, with the inputs that it has', () => {
    const target = new HeldInference();
    const own: Signature = { inputs: [spec('x', [-1, 2]), spec('z', [-1, 1])], outputs: SIGNATURE.outputs };
    const other: Signature = { inputs: [spec('z', [-1, 1])], outputs: SIGNATURE.outputs };
    checkTarget(own, other);
    const { submit } = around(new ModelFallback(own, () => ({ signature: other, inference: target })));
    const x = floats([1, 2], 1, 2);
    const z = floats([1, 1], 3);
    const { job, inner } = submit(new TestJob([x, z]));
    inner.fail(new RequestError(500, 'no'));
    expect(target.jobs[0].inputs).toEqual([z]);
    target.jobs[0].succeed([floats([1, 2], 0, 0)], 0, 'own');
    expect(job.outcome).toBe('model');
  });

  it('tells the first reason when the other model fails, too, is late, or is not there', async () => {
    const target = new HeldInference();
    let present = true;
    const fallback = () => (present ? { signature: SIGNATURE, inference: target } : undefined);
    const { submit, counts } = around(new ModelFallback(SIGNATURE, fallback));
    const failing = submit();
    failing.inner.fail(new RequestError(429, 'first'));
    target.jobs[0].fail(new RequestError(500, 'second'));
    expect(failing.job.told).toMatchObject([{ error: { message: 'first' } }]);

    const late = submit(new TestJob([floats([1, 2], 1, 2)], { withinMillis: 200 }));
    await eventually('the other model is asked before the deadline', () => target.jobs.length === 2);
    expect(performance.now()).toBeLessThan(late.job.expiresAt);
    await eventually('the deadline', () => late.job.told.length === 1);
    expect(late.job.outcome).toBe(504);
    target.jobs[1].succeed([floats([1, 2], 0, 0)], 0, 'own');
    expect(late.job.told).toHaveLength(1);
    expect(target.jobs[1].abandoned).toBe(true);

    present = false;
    const alone = submit();
    alone.inner.fail(new RequestError(500, 'first'));
    expect(alone.job.outcome).toBe(500);
    expect(counts.unanswered).toMatchObject({ overloaded: { value: 1 }, deadline: { value: 1 }, error: { value: 1 } });
  });

  it.each([
    [{ inputs: [spec('w', [-1, 2])], outputs: SIGNATURE.outputs }, "needs the input 'w' FP32 [-1, 2]"],
    [{ inputs: [spec('x', [-1, 3])], outputs: SIGNATURE.outputs }, "needs the input 'x' FP32 [-1, 3]"],
    [{ inputs: SIGNATURE.inputs, outputs: [spec('y', [-1, 2], 'FP64')] }, "'y' FP64 [-1, 2]"],
    [{ inputs: SIGNATURE.inputs, outputs: [...SIGNATURE.outputs, spec('z', [-1])] }, 'they must be the same'],
    [{ inputs: SIGNATURE.inputs, outputs: [] }, 'they must be the same'],
  ])('refuses a model of another form', (target, expected) => {
    expect(() => checkTarget(SIGNATURE, target)).toThrow(expected);
  });
});
