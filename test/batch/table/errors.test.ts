import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { TableEngine, TableError } from '../../../runtime/src/batch/table';
import { createLogger } from '../../../runtime/src/telemetry';
import { linesOf, Tables } from './tables';

const tables = new Tables();

const PAIR = { model: 'identity-fp32.onnx', features: [{ input: 'input', columns: ['x', 'y'] }] };

/** A file of text. */
function text(format: 'csv' | 'json-lines', content: string) {
  const path = tables.path(format);
  writeFileSync(path, content);
  return { path, format } as const;
}

describe('a row without prediction', () => {
  it('is told from the others by its number, the reason and the column', async () => {
    const input = await tables.parquet(
      `SELECT * FROM (VALUES
      (10, 1.0, 2.0), (11, NULL, 2.0), (12, 1e39, 2.0), (13, 1.0, -1e300), (14, 3.0, 'NaN'), (15, NULL, NULL))
      t(id, x, y)`.replace("'NaN'", "'NaN'::DOUBLE"),
    );
    const { score, rows, errors } = await tables.score(PAIR, { ...input, firstRow: 1000 });
    expect(score).toEqual({ rowsIn: 6, rowsOut: 2, rowsError: 4 });
    expect(rows).toEqual([
      { id: 10, output: [1, 2] },
      { id: 14, output: [3, 'NaN'] },
    ]);
    const rule =
      'must be a number that FP32 can hold, or "NaN", "Infinity" or "-Infinity"; found a number outside its range';
    expect(errors).toEqual([
      { row: 1001, reason: 'is missing', column: 'x', values: { id: 11 } },
      { row: 1002, reason: rule, column: 'x', values: { id: 12 } },
      { row: 1003, reason: rule, column: 'y', values: { id: 13 } },
      { row: 1005, reason: 'is missing', column: 'x', values: { id: 15 } },
    ]);
  });

  it.each([
    ['identity-int8.onnx', 'INTEGER', '128', 'an integer from -128 to 127'],
    ['identity-int32.onnx', 'DOUBLE', '1.5', 'an integer from -2147483648 to 2147483647'],
    ['identity-uint64.onnx', 'BIGINT', '-1', 'an integer from 0 to 18446744073709551615'],
    ['identity-int64.onnx', 'UBIGINT', '9223372036854775808', 'an integer from'],
    ['identity-int64.onnx', 'DECIMAL(9,1)', '0.5', 'an integer from'],
    ['identity-fp16.onnx', 'DOUBLE', '70000', 'a number that FP16 can hold'],
    ['identity-bool.onnx', 'INTEGER', '2', 'true or false'],
    ['identity-string.onnx', 'VARCHAR', "'a' || chr(0) || 'b'", 'a string of valid Unicode'],
  ])('of %s is one with %s %s', async (model, type, value, rule) => {
    const good = type === 'VARCHAR' ? "'a'" : '1';
    const input = await tables.parquet(
      `SELECT (${good})::${type} AS x, (${value})::${type} AS y UNION ALL SELECT (${good})::${type}, (${good})::${type}`,
    );
    const { errors, score } = await tables.score({ ...PAIR, model }, input);
    expect(errors).toEqual([{ row: 0, column: 'y', reason: expect.stringContaining(`must be ${rule}`), values: {} }]);
    expect(score.rowsOut).toBe(1);
  });

  it('is one alone for which the model fails', async () => {
    // A table of four rows: other positions make the run fail.
    const bad = [3, 700, 2047, 2048, 4999];
    const input = await tables.parquet(
      `SELECT i AS id, CASE WHEN i IN (${bad}) THEN 99 ELSE i % 4 END AS x FROM (SELECT unnest(range(5000)) AS i)`,
    );
    const { rows, errors, score } = await tables.score(
      { model: 'gather-fails.onnx', features: [{ input: 'index', columns: ['x'] }] },
      input,
    );
    expect(score).toEqual({ rowsIn: 5000, rowsOut: 4995, rowsError: 5 });
    expect(errors.map(({ row }) => row)).toEqual(bad);
    expect(errors[0]).toEqual({
      row: 3,
      reason: 'the model cannot evaluate this row: its operator Gather failed',
      values: { id: 3 },
    });
    const ids = rows.map(({ id }) => Number(id));
    expect(ids).toEqual(Array.from({ length: 5000 }, (_, id) => id).filter((id) => !bad.includes(id)));
    for (const { id, output } of rows) {
      expect(output).toEqual(rows.find((row) => Number(row.id) % 4 === Number(id) % 4)?.output);
    }
  });

  it('may be every row', async () => {
    const input = await tables.parquet(
      'SELECT i AS id, NULL::DOUBLE AS x, 1.0 AS y FROM (SELECT unnest(range(3000)) AS i)',
    );
    const { score, rows, errors } = await tables.score(PAIR, input);
    expect(score).toEqual({ rowsIn: 3000, rowsOut: 0, rowsError: 3000 });
    expect([rows, errors.length, errors[2999].values]).toEqual([[], 3000, { id: 2999 }]);
  });

  it('is found, and the others keep their places, when pieces of a file are read side by side', async () => {
    const input = await tables.parquet(
      `SELECT i AS id, CASE WHEN i % 50000 = 7 THEN NULL ELSE i::DOUBLE END AS x, 1.0 AS y
       FROM (SELECT unnest(range(260000)) AS i)`,
      ', ROW_GROUP_SIZE 40960',
    );
    let seen = 0;
    let readAt = 0;
    const scorer = await tables.scorer(PAIR);
    const file = { path: tables.path('parquet'), format: 'parquet' as const };
    const errorsPath = tables.path('errors');
    const onRows = (rows: number, errors: number) => {
      seen += rows + errors;
    };
    const onRead = () => {
      readAt = seen;
    };
    const schema = await (await tables.engine).schemaOf(input);
    const score = await scorer.score(input, { files: [file], errorsPath }, { schema, onRows, onRead });
    expect([score, readAt]).toEqual([{ rowsIn: 260_000, rowsOut: 259_994, rowsError: 6 }, 260_000]);
    const [found] = await tables.query(
      `SELECT count(*)::INT AS n, count(*) FILTER (WHERE output[1] = id::FLOAT AND output[2] = 1)::INT AS good,
         bool_and(id > before) AS ordered FROM (SELECT *, lag(id, 1, -1) OVER () AS before FROM read_parquet('${file.path}'))`,
    );
    expect(found).toEqual({ n: 259_994, good: 259_994, ordered: true });
    expect(linesOf(errorsPath).map(({ row }) => row)).toEqual([7, 50_007, 100_007, 150_007, 200_007, 250_007]);
  });

  it('is numbered in the file, when some row groups are read', async () => {
    const input = await tables.parquet(
      'SELECT i AS id, CASE WHEN i = 3000 THEN NULL ELSE 1.0 END AS x, 1.0 AS y FROM (SELECT unnest(range(6144)) AS i)',
      ', ROW_GROUP_SIZE 2048',
    );
    const { errors } = await tables.score(PAIR, { ...input, rowGroups: [1, 2], firstRow: 10_000 });
    expect(errors).toMatchObject([{ row: 13_000, values: { id: 3000 } }]);
  });
});

describe('a line', () => {
  it('of CSV that is no row, or has what is no number, is an error; the others are not', async () => {
    const file = text(
      'csv',
      ['id,x,y', 'a,1,2', 'b,x,2', 'c,,2', 'd,1', 'e,1,2,3', 'f,1e39,2', 'g,NaN,-inf', 'h," 3 ",4', 'i,NA,1', ''].join(
        '\n',
      ),
    );
    const { score, rows, errors } = await tables.score(PAIR, { ...file, csv: { missing: 'NA' } });
    expect(rows).toEqual([
      { id: 'a', output: [1, 2] },
      { id: 'g', output: ['NaN', '-Infinity'] },
      { id: 'h', output: [3, 4] },
    ]);
    expect(score).toEqual({ rowsIn: 9, rowsOut: 3, rowsError: 6 });
    const byRow = errors.sort((a, b) => a.row - b.row);
    expect(byRow).toMatchObject([
      {
        row: 1,
        column: 'x',
        reason: expect.stringContaining(`Could not convert string "x" to 'DOUBLE'`),
        text: 'b,x,2',
      },
      { row: 2, column: 'x', reason: 'is missing', values: { id: 'c' } },
      { row: 3, reason: 'Expected Number of Columns: 3 Found: 2', text: 'd,1' },
      { row: 4, reason: 'Expected Number of Columns: 3 Found: 4', text: 'e,1,2,3' },
      {
        row: 5,
        column: 'x',
        reason: expect.stringContaining('must be a number that FP32 can hold'),
        values: { id: 'f' },
      },
      { row: 8, column: 'x', reason: 'is missing', values: { id: 'i' } },
    ]);
  });

  it('of CSV is numbered by rows, whatever lines are between them', async () => {
    const lines = ['id,x,y', 'a,1,2', '', '"b\n\nb",3,4', '', '', 'c,x,2', 'd,1,2', '', 'e,1', 'f,,6', ''];
    for (const lineBreak of ['\n', '\r\n']) {
      const { score, errors } = await tables.score(PAIR, text('csv', lines.join(lineBreak)));
      expect(score).toEqual({ rowsIn: 6, rowsOut: 3, rowsError: 3 });
      expect(errors.sort((a, b) => a.row - b.row)).toMatchObject([
        { row: 2, text: 'c,x,2' },
        { row: 4, text: 'e,1' },
        { row: 5, column: 'x', reason: 'is missing' },
      ]);
    }
  });

  it.each(['csv', 'json-lines'] as const)(
    'of %s keeps its place, though threads read a large file together',
    async (format) => {
      // Some megabytes are read at once: this is several times as much.
      const path = tables.path(format);
      const x = `CASE WHEN i % 50000 = 7 THEN 'none' ELSE i::VARCHAR END`;
      await tables.query(
        `COPY (SELECT i AS id, ${x} AS x, 1.0 AS y, repeat('-', 60) AS filler FROM (SELECT unnest(range(260000)) AS i))
       TO '${path}' (${format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT json'})`,
      );
      const scorer = await tables.scorer({ ...PAIR, passThrough: ['id'] });
      const file = { path: tables.path('parquet'), format: 'parquet' as const };
      const errorsPath = tables.path('errors');
      const score = await scorer.score({ path, format }, { files: [file], errorsPath });
      expect(score).toEqual({ rowsIn: 260_000, rowsOut: 259_994, rowsError: 6 });
      const [found] = await tables.query(
        `SELECT count(*)::INT AS n, count(*) FILTER (WHERE output[1] = id::FLOAT AND output[2] = 1)::INT AS good,
         bool_and(id::INT > before) AS ordered
       FROM (SELECT *, lag(id::INT, 1, -1) OVER () AS before FROM read_parquet('${file.path}'))`,
      );
      expect(found).toEqual({ n: 259_994, good: 259_994, ordered: true });
      expect(linesOf(errorsPath).map(({ row }) => row)).toEqual([7, 50_007, 100_007, 150_007, 200_007, 250_007]);
    },
  );

  it('of CSV may be without header, of other delimiters, and with line breaks in quotes', async () => {
    const file = text('csv', '"a\nb";1;2\n"c;d";3;4\n');
    const { rows } = await tables.score(PAIR, { ...file, csv: { delimiter: ';', columns: ['it', 'x', 'y'] } });
    expect(rows).toEqual([
      { it: 'a\nb', output: [1, 2] },
      { it: 'c;d', output: [3, 4] },
    ]);
  });

  it('of JSON that is no object, or has what is no number, is an error; the others are not', async () => {
    const file = text(
      'json-lines',
      [
        '{"id":"a","x":1,"y":2}',
        '{"id":"b","x":"x","y":2}',
        '{"id":"c","y":2}',
        '{"id":"d","x":null,"y":2}',
        '{"id":"e","x":1',
        '[1,2]',
        '',
        '{"id":{"k":[1]},"x":"3","y":4.0}',
        '{"id":null,"x":[],"y":4}',
      ].join('\n'),
    );
    const { score, rows, errors } = await tables.score(PAIR, file);
    expect(rows).toEqual([
      { id: 'a', output: [1, 2] },
      { id: '{"k":[1]}', output: [3, 4] },
    ]);
    expect(score).toEqual({ rowsIn: 8, rowsOut: 2, rowsError: 6 });
    expect(errors).toMatchObject([
      { row: 1, column: 'x', reason: 'is of another type than the input: found a string', values: { id: 'b' } },
      { row: 2, column: 'x', reason: 'is missing', values: { id: 'c' } },
      { row: 3, column: 'x', reason: 'is missing', values: { id: 'd' } },
      { row: 4, reason: 'the line is no JSON object' },
      { row: 5, reason: 'the line is no JSON object' },
      { row: 7, column: 'x', reason: 'is of another type than the input: found a list' },
    ]);
  });

  it('may be a feature and be copied', async () => {
    const csv = text('csv', 'x,y\n007,1\nno,1\n');
    const scored = await tables.score({ ...PAIR, passThrough: ['x'] }, csv);
    expect(scored.rows).toEqual([{ x: '007', output: [7, 1] }]);
    expect(scored.errors).toMatchObject([{ row: 1, column: 'x', values: { x: 'no' } }]);
    const json = text('json-lines', '{"x":"007","y":1}\n');
    expect((await tables.score({ ...PAIR, passThrough: ['x'] }, json)).rows).toEqual([{ x: '007', output: [7, 1] }]);
  });
});

describe('a table that does not fit', () => {
  it('is told from one that does before a row is read, with all that does not', async () => {
    const scorer = await tables.scorer({ ...PAIR, passThrough: ['id', 'output'] });
    const engine = await tables.engine;
    const input = await tables.parquet('SELECT \'a\' AS x, 1 AS "OUTPUT", 2 AS output_1');
    expect(scorer.mismatches(await engine.schemaOf(input))).toEqual([
      "the column 'x' is VARCHAR, but the input 'input' takes FP32.",
      "there is no column 'y', which is a feature of the input 'input'.",
      "there is no column 'id', which is to be copied.",
      "there is no column 'output', which is to be copied.",
    ]);
    const output = {
      files: [{ path: tables.path('parquet'), format: 'parquet' as const }],
      errorsPath: tables.path('errors'),
    };
    await expect(scorer.score(input, output)).rejects.toThrow(TableError);
    const twice = await tables.scorer(PAIR);
    const named = await tables.parquet('SELECT 1.0 AS x, 1.0 AS y, 1 AS "OUTPUT"');
    expect(twice.mismatches(await engine.schemaOf(named))).toEqual([
      "the column 'output' would be written twice; rename the prediction or do not copy the column.",
    ]);
  });

  it.each([
    [
      { model: 'mlp.onnx', features: [{ input: 'input', columns: ['a', 'b'] }] },
      /shape \[-1, 4\], which 2 columns a row cannot fill/,
    ],
    [
      { model: 'mlp.onnx', features: [{ input: 'in', columns: ['a'] }] },
      /'in', which the model lacks.*'input' gets no columns/,
    ],
    [
      { ...PAIR, predictions: [{ name: 'p', output: 'o', kind: 'value' }] },
      /'o', which the model lacks; it has 'output'/,
    ],
    [
      { ...PAIR, predictions: [{ name: 'p', output: 'output', kind: 'element', element: 2 }] },
      /element 2 of the output 'output', which has 2/,
    ],
    [{ ...PAIR, predictions: [{ name: 'p', output: 'output', kind: 'top-k', k: 3 }] }, /top 3 .* which has 2 elements/],
    [{ ...PAIR, predictions: [{ name: 'p', output: 'output', kind: 'top-k', k: 1, classes: ['a'] }] }, /1 classes/],
  ])('nor does what is declared of the model: %j', async (declared, message) => {
    await expect(tables.scorer(declared)).rejects.toThrow(message);
  });

  it.each([
    ['parquet', 'no parquet at all'],
    ['csv', ''],
  ] as const)('nor does a file that is no %s', async (format, content) => {
    const path = tables.path(format);
    writeFileSync(path, content);
    await expect((await tables.engine).schemaOf({ path, format })).rejects.toThrow(TableError);
  });
});

describe('work that ends early', () => {
  it('leaves nothing behind when it is cancelled', async () => {
    const input = await tables.parquet('SELECT i AS id, 1.0 AS x, 2.0 AS y FROM (SELECT unnest(range(400000)) AS i)');
    const scorer = await tables.scorer({ ...PAIR, batchRows: 2048 });
    const controller = new AbortController();
    const output = {
      files: [{ path: tables.path('parquet'), format: 'parquet' as const }],
      errorsPath: tables.path('errors'),
    };
    const reason = new Error('enough');
    const onRows = () => controller.abort(reason);
    await expect(scorer.score(input, output, { signal: controller.signal, onRows })).rejects.toBe(reason);
    expect([output.files[0].path, output.errorsPath].filter(existsSync)).toEqual([]);
    // The engine goes on.
    expect((await tables.score(PAIR, input)).score.rowsOut).toBe(400_000);
  });

  it('leaves nothing behind when the output cannot be written, or the file is cut', async () => {
    const input = await tables.parquet('SELECT i AS id, 1.0 AS x, 2.0 AS y FROM (SELECT unnest(range(10000)) AS i)');
    const scorer = await tables.scorer(PAIR);
    const output = {
      files: [{ path: '/nowhere/at/all.parquet', format: 'parquet' as const }],
      errorsPath: tables.path('errors'),
    };
    await expect(scorer.score(input, output)).rejects.toThrow(/IO Error/);
    await expect(scorer.score(input, output)).rejects.not.toThrow(TableError);
  });

  it('fails when lines cannot be read to the end, rather than to leave rows out', async () => {
    const path = tables.path('jsonl');
    await tables.query(
      `COPY (SELECT i AS id, i AS x, 1.0 AS y FROM (SELECT unnest(range(600000)) AS i)) TO '${path}' (FORMAT json)`,
    );
    const tooLong = 20 * 1024 * 1024; // behind much more than is read ahead
    appendFileSync(path, `{"id":"${'-'.repeat(tooLong)}","x":1,"y":1}\n`);
    const logger = createLogger({ level: 'silent' });
    const engine = await TableEngine.open({ memoryBytes: 128e6, threads: 2, scratchPath: tables.directory, logger });
    try {
      const scorer = await engine.scorer(await tables.model(PAIR.model), PAIR);
      const file = { path: tables.path('parquet'), format: 'parquet' as const };
      const errorsPath = tables.path('errors');
      const score = scorer.score({ path, format: 'json-lines' }, { files: [file], errorsPath });
      await expect(score).rejects.toThrow('broke off');
      expect([existsSync(file.path), existsSync(errorsPath)]).toEqual([false, false]);
    } finally {
      engine.close();
    }
  });

  it('does not leak into tables that the same scorer has afterwards', async () => {
    const make = (rows: number, bad: number, first: number) =>
      tables.parquet(
        `SELECT i AS id, CASE WHEN i < ${first + bad} THEN NULL ELSE i::DOUBLE END AS x, -i::DOUBLE AS y
         FROM (SELECT unnest(range(${first}, ${first + rows})) AS i)`,
      );
    const scorer = await tables.scorer(PAIR);
    const score = async (rows: number, bad: number, first: number) => {
      const file = { path: tables.path('parquet'), format: 'parquet' as const };
      await scorer.score(await make(rows, bad, first), { files: [file], errorsPath: tables.path('errors') });
      const [found] = await tables.query(
        `SELECT count(*)::INT AS n, count(*) FILTER (WHERE output[1] = id::FLOAT AND output[2] = -id::FLOAT)::INT AS good,
         FROM read_parquet('${file.path}')`,
      );
      expect(found).toEqual({ n: rows - bad, good: rows - bad });
    };
    await score(9000, 0, 0);
    await score(3000, 100, 100_000);
    await Promise.all([score(9001, 1, 200_000), score(20_000, 0, 300_000)]);
    await score(9000, 9000, 400_000);
    await score(15_000, 5000, 500_000);
  });

  it('does not disturb others at the same time', async () => {
    const make = (rows: number) =>
      tables.parquet(`SELECT i AS id, i::DOUBLE AS x, 2.0 AS y FROM (SELECT unnest(range(${rows})) AS i)`);
    const inputs = await Promise.all([make(30_000), make(20_000), make(1)]);
    const all = await Promise.all(inputs.map((input) => tables.score(PAIR, input)));
    expect(all.map(({ score }) => score.rowsOut)).toEqual([30_000, 20_000, 1]);
    expect(all[0].rows.map(({ id }) => Number(id))).toEqual(Array.from({ length: 30_000 }, (_, id) => id));
  });
});
