import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchConfig } from '../../../lib/contract';
import { temporaryDirectory } from '../../support/temporary';
import { type LogLine, shardRun, wholeRun } from '../support/shard-run';
import { batchConfig, files, sql, successOf, writeParquet, wrongRows } from '../support/tables';

const ROWS = 24_576;
const root = temporaryDirectory();
let number = 0;

beforeAll(() => writeParquet(root, 2, ROWS / 2));

/** A job of its own over the common input. */
function job(config: Partial<BatchConfig> = {}): BatchConfig {
  number += 1;
  const own = join(root, `job-${number}`);
  return batchConfig(own, { input: { ...files(`${root}/in/*.parquet`), format: 'parquet' }, ...config });
}

const outputOf = ({ sinks: [sink] }: BatchConfig) => (sink?.type === 'files' ? sink.uri : '');
const ledgerOf = ({ ledger }: BatchConfig) => join(ledger.uri, 'run=r1');
const unitsOf = (config: BatchConfig) => readdirSync(join(ledgerOf(config), '_units')).sort();
const partsOf = (config: BatchConfig) => readdirSync(join(outputOf(config), 'run=r1/parts')).sort();

describe('a run of a batch job', () => {
  it('has every row once, and is visible when its last shard is done, not before', async () => {
    const config = job();
    expect(await shardRun(config, 1)).toBeUndefined();
    expect(existsSync(join(outputOf(config), 'run=r1/_SUCCESS.json'))).toBe(false);
    const record = await shardRun(config, 0);
    expect(record?.rows).toEqual({ in: ROWS, predicted: ROWS, errors: 0 });
    expect(await wrongRows(outputOf(config), { rows: ROWS })).toEqual([]);
    expect(partsOf(config)).toHaveLength(12);
    expect(readdirSync(config.scratchPath)).toEqual([]);
  });

  it('does nothing again once it is complete', async () => {
    const config = job();
    await wholeRun(config);
    const before = statSync(join(outputOf(config), 'run=r1/_SUCCESS.json')).mtimeMs;
    const log: LogLine[] = [];
    await shardRun(config, 0, { log });
    expect(log.map(({ msg }) => msg)).toEqual(['run is complete already']);
    expect(statSync(join(outputOf(config), 'run=r1/_SUCCESS.json')).mtimeMs).toBe(before);
  });

  it('goes on with the units that are missing, and with nothing else', async () => {
    const config = job();
    await shardRun(config, 0);
    rmSync(join(ledgerOf(config), '_shards/0.json'));
    rmSync(join(ledgerOf(config), '_units/0-3.json'));
    const kept = readFileSync(join(ledgerOf(config), '_units/0-2.json'), 'utf8');
    const log: LogLine[] = [];
    await shardRun(config, 0, { log });
    expect(log.find(({ msg }) => msg === 'shard begins')).toMatchObject({ units: 6, waiting: 1 });
    expect(readFileSync(join(ledgerOf(config), '_units/0-2.json'), 'utf8')).toBe(kept);
    await shardRun(config, 1);
    expect(await wrongRows(outputOf(config), { rows: ROWS })).toEqual([]);
    // The part whose marker was gone counts no more, and is collected.
    expect(partsOf(config)).toHaveLength(12);
  });

  it('is exact when shards run twice at the same time', async () => {
    const config = job();
    const log: LogLine[] = [];
    await Promise.all([0, 0, 1, 1].map((shard) => shardRun(config, shard, { log })));
    expect(await wrongRows(outputOf(config), { rows: ROWS })).toEqual([]);
    expect(partsOf(config)).toEqual(
      successOf(outputOf(config))
        .parts.map(({ key }) => key.replace('parts/', ''))
        .sort(),
    );
    expect(log.some(({ msg }) => msg === 'another process was first with this unit')).toBe(true);
  });

  it('stops after the unit under way when it is drained, and goes on there', async () => {
    const config = job({ shards: 1 });
    const drain = new AbortController();
    const reason = new Error('drained');
    drain.abort(reason);
    await expect(shardRun(config, 0, { drain: drain.signal })).rejects.toBe(reason);
    expect(existsSync(join(ledgerOf(config), '_shards'))).toBe(false);
    await wholeRun(config);
    expect(await wrongRows(outputOf(config), { rows: ROWS })).toEqual([]);
  });

  it('keeps to its plan when the prefix grows', async () => {
    const own = join(root, 'growing');
    await writeParquet(own, 1, 4096);
    const config = batchConfig(own);
    await shardRun(config, 0);
    await sql(
      `COPY (SELECT i + 4096 AS id, 'x' AS who, 0.0::DOUBLE a, 0.0::DOUBLE b, 0.0::DOUBLE c, 0.0::DOUBLE d FROM range(10) t(i)) TO '${own}/in/part-9.parquet' (FORMAT parquet)`,
    );
    await shardRun(config, 1);
    expect(await wrongRows(outputOf(config), { rows: 4096 })).toEqual([]);
  });

  it('ends with 42 when an object of the plan was changed', async () => {
    const own = join(root, 'changing');
    await writeParquet(own, 2, 4096);
    const config = batchConfig(own);
    await shardRun(config, 0);
    for (const file of readdirSync(join(own, 'in'))) {
      appendFileSync(join(own, 'in', file), 'x');
    }
    await expect(shardRun(config, 1)).rejects.toMatchObject({
      exitCode: 42,
      message: expect.stringContaining('changed'),
    });
    expect(existsSync(join(outputOf(config), 'run=r1/_SUCCESS.json'))).toBe(false);
  });

  it('ends with 43 when another declaration began it', async () => {
    const config = job();
    await shardRun(config, 0);
    const other: BatchConfig = { ...config, predictions: [{ name: 'score', output: 'output', kind: 'value' }] };
    await expect(shardRun(other, 1)).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringContaining('another declaration'),
    });
    await expect(shardRun(config, 7)).rejects.toMatchObject({ exitCode: 43 });
  });

  it('ends with 42 when there are no files, or none fits, with all that is wrong in one error', async () => {
    await expect(
      shardRun(job({ input: { ...files(`${root}/none/*.parquet`), format: 'parquet' } }), 0),
    ).rejects.toMatchObject({
      exitCode: 42,
      message: expect.stringContaining('No files'),
    });
    const own = join(root, 'misfits');
    await writeParquet(own, 1, 100);
    await sql(`COPY (SELECT 1 AS id, 1.0 AS a) TO '${own}/in/part-1.parquet' (FORMAT parquet)`);
    await sql(
      `COPY (SELECT 1 AS id, 'x' AS who, 1.0 AS a, 1.0 AS b, 1.0 AS c) TO '${own}/in/part-2.parquet' (FORMAT parquet)`,
    );
    const config = batchConfig(own);
    const failure = await shardRun(config, 0).catch((error: unknown) => error);
    expect(failure).toMatchObject({ exitCode: 42 });
    expect(String(failure)).toMatch(/part-1\.parquet: .*'?b'?[\s\S]*part-2\.parquet: .*'?d'?/);
    expect(existsSync(join(ledgerOf(config), '_plan.json'))).toBe(false);
    writeFileSync(join(own, 'in/part-1.parquet'), 'no Parquet at all');
    await expect(shardRun(config, 0)).rejects.toMatchObject({
      exitCode: 42,
      message: expect.stringContaining('part-1.parquet'),
    });
  });

  it('lists rows without a prediction, with object and row, and fails when they are too many', async () => {
    const own = join(root, 'bad-rows');
    await writeParquet(own, 1, 0);
    await sql(
      `COPY (SELECT i AS id, 'who' AS who, CASE WHEN i % 1000 = 7 THEN NULL ELSE 1.0 END::DOUBLE AS a, 1.0::DOUBLE AS b, 1.0::DOUBLE AS c, 1.0::DOUBLE AS d FROM range(4096) t(i)) TO '${own}/in/part-0.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    );
    const strict = batchConfig(own, { shards: 1 });
    await expect(shardRun(strict, 0)).rejects.toMatchObject({
      exitCode: 42,
      message: expect.stringContaining('maxErrorRatio'),
    });
    expect(existsSync(join(ledgerOf(strict), '_shards'))).toBe(false);
    const lenient = { ...strict, maxErrorRatio: 0.01 };
    const record = await shardRun(lenient, 0);
    expect(record?.rows).toEqual({ in: 4096, predicted: 4091, errors: 5 });
    const lines = (record?.errors.parts ?? []).flatMap(({ key }) =>
      readFileSync(join(ledgerOf(lenient), key), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { object: string; row: number; reason: string; values: { id: unknown } }),
    );
    expect(lines.map(({ row }) => row).sort((a, b) => a - b)).toEqual([7, 1007, 2007, 3007, 4007]);
    expect(
      lines.every(({ object, row, values }) => object === `${own}/in/part-0.parquet` && Number(values.id) === row),
    ).toBe(true);
    const listed = await sql(
      `SELECT count(*)::INT AS n FROM read_parquet([${successOf(outputOf(lenient)).parts.map(({ key }) => `'${outputOf(lenient)}/run=r1/${key}'`)}])`,
    );
    expect(listed).toEqual([{ n: 4091 }]);
  });

  it('completes with shards that have nothing to do', async () => {
    const config = job({ shards: 5, partRows: 100_000 });
    const record = await wholeRun(config);
    expect(record.rows.in).toBe(ROWS);
    expect(unitsOf(config)).toHaveLength(2);
  });
});
