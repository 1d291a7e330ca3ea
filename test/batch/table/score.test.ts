import { readFileSync, writeFileSync } from 'node:fs';
import { V1Codec } from '../../../runtime/src/protocol';
import { buildOnnx } from '../../support/onnx-builder';
import { linesOf, Tables } from './tables';

const tables = new Tables();

const MLP = { model: 'mlp.onnx', features: [{ input: 'input', columns: ['a', 'b', 'c', 'd'] }] };

/** Rows of four numbers, the same in every format. */
const FLOWERS = `SELECT i AS id, 'row ' || i AS name, random() * 8 AS a, random() * 4 AS b, random() * 7 AS c, random() * 2 AS d
  FROM (SELECT unnest(range(5000)) AS i)`;

/** Answers of a model for a V1 request, as numbers of its datatype. */
async function answers(model: string, instances: unknown[]): Promise<unknown[][]> {
  const { session, signature } = await tables.model(model);
  const { inputs } = new V1Codec(signature).decode(Buffer.from(JSON.stringify({ instances })));
  const { outputs } = await session.run(inputs);
  return outputs.map(({ data }) => Array.from(data as ArrayLike<unknown>));
}

describe('a table', () => {
  it('gets the predictions that a request with its rows gets, bit by bit, in its order', async () => {
    const input = await tables.parquet(FLOWERS);
    const { score, rows } = await tables.score(MLP, input);
    expect(score).toEqual({ rowsIn: 5000, rowsOut: 5000, rowsError: 0 });
    const source = await tables.query(`FROM read_parquet('${input.path}')`);
    const [expected] = await answers(
      'mlp.onnx',
      source.map(({ a, b, c, d }) => [a, b, c, d]),
    );
    expect(rows.flatMap(({ output }) => output)).toEqual(expected);
    expect(rows.map(({ id, name }) => [id, name])).toEqual(source.map(({ id, name }) => [id, name]));
  });

  it.each(['csv', 'json-lines'] as const)('gets the same from %s as from Parquet', async (format) => {
    const parquet = await tables.parquet(FLOWERS);
    const path = tables.path(format);
    await tables.query(
      `COPY (FROM '${parquet.path}') TO '${path}' (${format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT json'})`,
    );
    const [fromText, fromParquet] = [await tables.score(MLP, { path, format }), await tables.score(MLP, parquet)];
    expect(fromText.score).toEqual({ rowsIn: 5000, rowsOut: 5000, rowsError: 0 });
    expect(fromText.rows).toEqual(fromParquet.rows.map((row) => ({ ...row, id: String(row.id) })));
  });

  it('is written in every format', async () => {
    const input = await tables.parquet(`SELECT 1 AS id, 'é "x", y' AS name, 1.0 AS a, 2.0 AS b, 3.0 AS c, 4.0 AS d`);
    const { rows, files } = await tables.score(
      {
        ...MLP,
        predictions: [
          { name: 'all', output: 'output', kind: 'value' },
          { name: 'first', output: 'output', kind: 'element', element: 0 },
          { name: 'best', output: 'output', kind: 'top-k', k: 2 },
          { name: 'label', output: 'output', kind: 'top-k', k: 1, classes: ['x', 'y', 'z'] },
        ],
      },
      input,
    );
    const [values] = (await answers('mlp.onnx', [[1, 2, 3, 4]])) as number[][];
    const order = [0, 1, 2].sort((i, j) => values[j] - values[i]);
    expect(rows).toEqual([
      {
        id: 1,
        name: 'é "x", y',
        all: values,
        first: values[0],
        best: order.slice(0, 2),
        label: [['x', 'y', 'z'][order[0]]],
      },
    ]);
    const [line] = linesOf(files.jsonLines);
    expect({ ...line, all: line.all.map(Math.fround), first: Math.fround(line.first) }).toEqual(rows[0]);
    expect(readFileSync(files.csv, 'utf8')).toMatch(/^id,name,all,first,best,label\n1,"é ""x"", y","\[/);
  });

  it.each([1, 7, 2048, 100_000])('gets the same with %d rows a run', async (batchRows) => {
    const input = await tables.parquet(FLOWERS.replace('5000', '4500'));
    const once = await tables.score({ ...MLP, batchRows: 4500 }, input);
    const { rows, score } = await tables.score({ ...MLP, batchRows }, input);
    expect(score.rowsOut).toBe(4500);
    expect(rows.map(({ id }) => id)).toEqual(once.rows.map(({ id }) => id));
    const near = (list: typeof rows) => list.flatMap(({ output }) => output).map((value: number) => value.toFixed(5));
    expect(near(rows)).toEqual(near(once.rows));
  });

  it('may have no rows, or one', async () => {
    const empty = await tables.parquet(FLOWERS.replace('5000', '0'));
    expect(await tables.score(MLP, empty)).toMatchObject({ score: { rowsIn: 0, rowsOut: 0, rowsError: 0 }, rows: [] });
    const one = await tables.parquet(FLOWERS.replace('5000', '1'));
    expect((await tables.score(MLP, one)).rows).toHaveLength(1);
    const header = tables.path('csv');
    writeFileSync(header, 'a,b,c,d\n');
    expect((await tables.score(MLP, { path: header, format: 'csv' })).score.rowsIn).toBe(0);
    const nothing = tables.path('jsonl');
    writeFileSync(nothing, '');
    const lines = { path: nothing, format: 'json-lines', columns: ['a', 'b', 'c', 'd'] } as const;
    expect((await tables.score(MLP, lines)).score.rowsIn).toBe(0);
  });

  it('is read by row groups, and nothing else of it', async () => {
    const input = await tables.parquet(FLOWERS.replace('5000', '10240'), ', ROW_GROUP_SIZE 2048');
    const schema = await (await tables.engine).schemaOf(input);
    expect(schema.rows).toBe(10_240);
    expect(schema.rowGroups?.map(({ rows }) => rows)).toEqual([2048, 2048, 2048, 2048, 2048]);
    const scorer = await tables.scorer(MLP);
    const wanted = new Set(scorer.columnsRead(schema));
    expect([...wanted].sort()).toEqual(['a', 'b', 'c', 'd', 'id', 'name']);
    // Only the wanted chunks and the footer are there; the rest are zeros.
    const bytes = readFileSync(input.path);
    const sparse = Buffer.alloc(bytes.length);
    const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
    bytes.copy(sparse, 0, 0, 4);
    bytes.copy(sparse, footer, footer);
    for (const group of (schema.rowGroups ?? []).slice(1, 3)) {
      for (const { name, from, bytes: length } of group.columns) {
        expect(wanted).toContain(name);
        bytes.copy(sparse, from, from, from + length);
      }
    }
    const path = tables.path('parquet');
    writeFileSync(path, sparse);
    const { rows, score } = await tables.score(MLP, { path, format: 'parquet', rowGroups: [1, 3] });
    expect(score.rowsIn).toBe(4096);
    const whole = await tables.score(MLP, input);
    expect(rows).toEqual(whole.rows.slice(2048, 6144));
  });

  it('has columns of any name, which are never read as SQL', async () => {
    const name = `x"; DROP TABLE scored_1; --`;
    const quoted = `"${name.replaceAll('"', '""')}"`;
    const other = `it's (1) 日本 \\ `;
    const input = await tables.parquet(
      `SELECT 7 AS ${quoted}, 1.5 AS "${other}", 2.5 AS "b'b", NULL::DOUBLE AS "c]"  UNION ALL SELECT 8, 1, 2, 3`,
    );
    const declared = {
      model: 'identity-fp32.onnx',
      features: [{ input: 'input', columns: [other, "b'b"] }],
      predictions: [{ name: `p${name}`, output: 'output', kind: 'value' }],
    };
    const { rows } = await tables.score(declared, input);
    expect(rows).toEqual([
      { [name]: 7, 'c]': null, [`p${name}`]: [1.5, 2.5] },
      { [name]: 8, 'c]': 3, [`p${name}`]: [1, 2] },
    ]);
    const bad = await tables.score({ ...declared, features: [{ input: 'input', columns: [other, 'c]'] }] }, input);
    expect(bad.errors).toEqual([{ row: 0, reason: 'is missing', column: 'c]', values: { [name]: 7, "b'b": 2.5 } }]);
    for (const format of ['csv', 'json-lines'] as const) {
      const path = tables.path(format);
      await tables.query(
        `COPY (FROM '${input.path}') TO '${path}' (${format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT json'})`,
      );
      expect((await tables.score(declared, { path, format })).rows.map((row) => row[name])).toEqual(['7', '8']);
    }
  });

  it.each(['in its file', 'in a table, because the size of predictions is open'])(
    'keeps columns of all types %s',
    async (place) => {
      const open = tables.path('onnx');
      const shape = ['N', 'M'];
      const nodes = [{ type: 'Identity', inputs: ['input'], outputs: ['output'] }];
      writeFileSync(
        open,
        buildOnnx({ inputs: [{ name: 'input', shape }], outputs: [{ name: 'output', shape }], nodes }),
      );
      const input = await tables.parquet(`SELECT * FROM (VALUES
      (1.0, 2.0, 1::TINYINT, 123456789012345678::BIGINT, 1.25::DECIMAL(9,2), DATE '2026-11-30', TIMESTAMP '2026-11-30 12:00:00', true, 'short', 'a text of more than twelve bytes', [1,2,3], {'x': 1, 'y': ['a text of more than twelve bytes']}, MAP {'k': 1.5}),
      (NULL, 2.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (3.0, 4.0, 3, 3, 3, NULL, NULL, false, NULL, 'another text of more than twelve bytes', [], {'x': NULL, 'y': NULL}, MAP {}))
      t(a, b, tiny, big, dec, day, moment, flag, s, long, list, struct, map)`);
      const { rows, errors } = await tables.score(
        {
          model: place === 'in its file' ? 'identity-fp32.onnx' : open,
          features: [{ input: 'input', columns: ['a', 'b'] }],
          passThrough: ['tiny', 'big', 'dec', 'day', 'moment', 'flag', 's', 'long', 'list', 'struct', 'map'],
        },
        input,
      );
      const expected = await tables.query(
        `SELECT * EXCLUDE (a, b), [a::FLOAT, b::FLOAT] AS output FROM '${input.path}' WHERE a IS NOT NULL`,
      );
      expect(rows).toEqual(expected);
      expect(errors).toMatchObject([{ row: 1, column: 'a', values: { tiny: null, list: null } }]);
    },
  );
});

describe('inputs', () => {
  it('are one column each, texts among them', async () => {
    const input = await tables.parquet(
      `SELECT * FROM (VALUES (30, 1000.5, 'Zürich'), (41, 2000, 'Bern'), (20, 1, '')) t(age, income, city)`,
    );
    const features = ['age', 'income', 'city'].map((name) => ({ input: name, columns: [name] }));
    const { rows } = await tables.score({ model: 'mixed-columns.onnx', features, passThrough: ['city'] }, input);
    const [labels, probabilities] = await answers('mixed-columns.onnx', [
      { age: 30, income: 1000.5, city: 'Zürich' },
      { age: 41, income: 2000, city: 'Bern' },
      { age: 20, income: 1, city: '' },
    ]);
    expect(rows.map(({ city }) => city)).toEqual(['Zürich', 'Bern', '']);
    expect(rows.map(({ label }) => BigInt(label))).toEqual(labels);
    expect(rows.flatMap((row) => row.probabilities)).toEqual(probabilities);
  });

  it.each([
    ['identity-fp32.onnx', 'DOUBLE', ['0.1', '16777217']],
    ['identity-fp32.onnx', 'BIGINT', ['16777217', '-9007199254740993']],
    ['identity-fp64.onnx', 'DOUBLE', ['0.1', '1e300']],
    ['identity-fp64.onnx', 'FLOAT', ['0.5', '3']],
    ['identity-fp16.onnx', 'DOUBLE', ['0.1', '65504']],
    ['identity-bf16.onnx', 'DOUBLE', ['0.1', '3']],
    ['identity-int8.onnx', 'BIGINT', ['-128', '127']],
    ['identity-int16.onnx', 'INTEGER', ['-32768', '7']],
    ['identity-int32.onnx', 'DOUBLE', ['-2147483648', '2147483647']],
    ['identity-int64.onnx', 'BIGINT', ['-9223372036854775808', '9223372036854775807']],
    ['identity-uint8.onnx', 'UTINYINT', ['0', '255']],
    ['identity-uint16.onnx', 'INTEGER', ['0', '65535']],
    ['identity-uint32.onnx', 'UINTEGER', ['0', '4294967295']],
    ['identity-uint64.onnx', 'UBIGINT', ['0', '18446744073709551615']],
    ['identity-uint64.onnx', 'DECIMAL(38,0)', ['0', '18446744073709551615']],
    ['identity-int64.onnx', 'DECIMAL(20,2)', ['12', '900719925474099300']],
    ['identity-bool.onnx', 'BOOLEAN', ['true', 'false']],
    ['identity-bool.onnx', 'INTEGER', ['1', '0']],
    ['identity-string.onnx', 'VARCHAR', ["'a'", "'é日本 and more than twelve bytes'"]],
  ])('of %s come from %s as from a request, in every format', async (model, type, values) => {
    const input = await tables.parquet(`SELECT (${values[0]})::${type} AS x, (${values[1]})::${type} AS y`);
    const json = values.map((value) =>
      type === 'INTEGER' && model.includes('bool') ? String(value === '1') : value.replaceAll("'", '"'),
    );
    const { session, signature } = await tables.model(model);
    const { inputs } = new V1Codec(signature).decode(Buffer.from(`{"instances":[[${json.join(',')}]]}`));
    const { outputs } = await session.run(inputs);
    const declared = { model, features: [{ input: 'input', columns: ['x', 'y'] }] };
    const wide = outputs[0].data instanceof BigInt64Array || outputs[0].data instanceof BigUint64Array;
    const texts = (list: unknown[]) => list.map(String);
    const bool = model.includes('bool');
    const half = model.includes('fp16') || model.includes('bf16');
    const check = async (file: { path: string; format: 'parquet' | 'csv' | 'json-lines' }) => {
      const { rows, errors } = await tables.score(declared, file);
      expect(errors).toEqual([]);
      if (half) {
        expect(
          rows[0].output.map(
            (value: number, index: number) => Math.abs(value - Number(values[index])) <= Math.abs(value) / 100,
          ),
        ).toEqual([true, true]);
      } else {
        expect(texts(rows[0].output)).toEqual(
          texts(Array.from(outputs[0].data as ArrayLike<unknown>, (value) => (bool ? value === 1 : value))),
        );
      }
      return wide;
    };
    await check(input as { path: string; format: 'parquet' });
    for (const format of ['csv', 'json-lines'] as const) {
      const path = tables.path(format);
      await tables.query(
        `COPY (FROM '${input.path}') TO '${path}' (${format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT json'})`,
      );
      await check({ path, format });
    }
  });

  it('may have one dimension, or three', async () => {
    const one = await tables.parquet('SELECT unnest([1.5, 2.5]) AS x');
    expect(
      (await tables.score({ model: 'scalar-input.onnx', features: [{ input: 'input', columns: ['x'] }] }, one)).rows,
    ).toEqual([{ output: 3 }, { output: 5 }]);
    const six = await tables.parquet('SELECT 1 AS a, 2 AS b, 3 AS c, 4 AS d, 5 AS e, 6 AS f');
    const { rows } = await tables.score(
      { model: 'rank3.onnx', features: [{ input: 'input', columns: ['a', 'b', 'c', 'd', 'e', 'f'] }] },
      six,
    );
    expect(rows).toEqual([{ output: [6, 15] }]);
  });

  it('of a model for one row are run one by one', async () => {
    const input = await tables.parquet(FLOWERS.replace('5000', '20'));
    const { rows } = await tables.score({ ...MLP, model: 'fixed-batch.onnx' }, input);
    expect(rows).toHaveLength(20);
  });
});

describe('outputs', () => {
  it('are labels as text and probabilities with the names of their classes', async () => {
    const input = await tables.parquet('SELECT 5.1 AS a, 3.5 AS b, 1.4 AS c, 0.2 AS d');
    for (const [model, label, probabilities] of [
      ['iris-string-labels.onnx', 'label', 'probabilities'],
      ['iris-zipmap-strings.onnx', 'output_label', 'output_probability'],
    ]) {
      const { rows } = await tables.score(
        { model, features: [{ input: 'features', columns: ['a', 'b', 'c', 'd'] }] },
        input,
      );
      const [[expected], values] = await answers(model, [[5.1, 3.5, 1.4, 0.2]]);
      expect(rows).toEqual([{ [label]: expected, [probabilities]: values }]);
    }
    const { rows } = await tables.score(
      {
        model: 'iris-zipmap-strings.onnx',
        features: [{ input: 'features', columns: ['a', 'b', 'c', 'd'] }],
        predictions: [{ name: 'best', output: 'output_probability', kind: 'top-k', k: 2 }],
      },
      input,
    );
    expect(rows).toEqual([{ best: ['setosa', 'versicolor'] }]);
  });

  it('that are not finite are text in JSON', async () => {
    const input = await tables.parquet(`SELECT 'NaN'::DOUBLE AS x, '-Infinity'::DOUBLE AS y, 'inf'::DOUBLE AS z`);
    const { rows, files, errors } = await tables.score(
      { model: 'identity-fp32.onnx', features: [{ input: 'input', columns: ['x', 'y'] }] },
      input,
    );
    expect(errors).toEqual([]);
    expect(rows).toEqual([{ z: 'Infinity', output: ['NaN', '-Infinity'] }]);
    expect(linesOf(files.jsonLines)).toEqual([{ z: 'Infinity', output: ['NaN', '-Infinity'] }]);
  });
});
