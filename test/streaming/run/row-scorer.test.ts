import type { Tensor } from '../../../runtime/src/model';
import { RequestError } from '../../../runtime/src/request-error';
import type { Inference, PredictionSource } from '../../../runtime/src/scheduling';
import type { DecodedBatch } from '../../../runtime/src/streaming/event';
import { RowScorer } from '../../../runtime/src/streaming/run/row-scorer';
import { createLogger } from '../../../runtime/src/telemetry';
import { numbers } from '../../support/fixed-session';

function batchOf(...values: number[]): DecodedBatch {
  return {
    events: [],
    inputs: [numbers(...values)],
    rows: values.length,
    eventOfRow: values.map((_, row) => row),
    failures: [],
  };
}

/** Answers with the inputs; `refuse` says which rows it cannot evaluate. */
function echo(refuse: (data: number[]) => RequestError | undefined, source: PredictionSource = 'own') {
  const runs: number[] = [];
  const inference: Inference = {
    submit: (job) => {
      const data = Array.from((job.inputs[0]?.data ?? []) as Float32Array);
      runs.push(data.length);
      const error = refuse(data);
      setImmediate(() => (error === undefined ? job.succeed(job.inputs, undefined, source) : job.fail(error)));
    },
  };
  return { inference, runs };
}

const options = { independentRows: true, logger: createLogger({ level: 'silent' }), onRetry: () => undefined };
const REFUSAL = new RequestError(400, 'The model cannot evaluate these inputs.');

/** Values of the predictions, by their row. */
function valuesOf(predicted: readonly { firstRow: number; rows: number; outputs: readonly Tensor[] }[]) {
  return predicted.flatMap(({ firstRow, outputs }) =>
    Array.from((outputs[0]?.data ?? []) as Float32Array).map((value, index) => [firstRow + index, value]),
  );
}

it('predicts all rows in one run', async () => {
  const { inference, runs } = echo(() => undefined);
  const { predicted, refused } = await new RowScorer({ ...options, inference }).score(batchOf(1, 2, 3));
  expect(runs).toEqual([3]);
  expect(predicted).toMatchObject([{ firstRow: 0, rows: 3, firstOutputRow: 0, source: 'model' }]);
  expect(refused).toEqual([]);
});

it('finds the rows that make a run fail by halves, and predicts the others', async () => {
  const { inference } = echo((data) => (data.includes(-1) ? REFUSAL : undefined));
  const values = Array.from({ length: 40 }, (_, row) => (row === 7 || row === 39 ? -1 : row));
  const { predicted, refused } = await new RowScorer({ ...options, inference }).score(batchOf(...values));
  expect(refused.map(({ row }) => row)).toEqual([7, 39]);
  expect(refused[0]?.reason).toContain('cannot evaluate');
  expect(valuesOf(predicted)).toEqual(values.flatMap((value, row) => (value === -1 ? [] : [[row, value]])));
});

it('waits for what passes, and makes no dead letters of it', async () => {
  let times = 3;
  const retries: unknown[] = [];
  const { inference } = echo(() => {
    times -= 1;
    return times >= 0 ? new RequestError(503, 'The inference engine is being started again.') : undefined;
  });
  const scorer = new RowScorer({ ...options, inference, onRetry: (error) => retries.push(error) });
  const { predicted, refused } = await scorer.score(batchOf(1, 2));
  expect(refused).toEqual([]);
  expect(predicted.length).toBe(1);
  expect(retries.length).toBe(3);
});

it('runs each row alone where rows depend on each other, and keeps their order', async () => {
  const { inference, runs } = echo(() => undefined, 'default');
  const { predicted } = await new RowScorer({ ...options, independentRows: false, inference }).score(batchOf(5, 6, 7));
  expect(runs).toEqual([1, 1, 1]);
  expect(valuesOf(predicted)).toEqual([
    [0, 5],
    [1, 6],
    [2, 7],
  ]);
  expect(predicted[0]?.source).toBe('fallback');
});

it('runs nothing for a batch without rows', async () => {
  const { inference, runs } = echo(() => undefined);
  expect((await new RowScorer({ ...options, inference }).score(batchOf())).predicted).toEqual([]);
  expect(runs).toEqual([]);
});
