import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { cutLines } from '../../../runtime/src/batch/run/text-lines';
import { openStore } from '../../../runtime/src/batch/store';
import { createLogger } from '../../../runtime/src/telemetry';
import { temporaryDirectory } from '../../support/temporary';
import { wholeRun } from '../support/shard-run';
import { batchConfig, files, wrongRows } from '../support/tables';

const root = temporaryDirectory();
const ROWS = 20_000;
const rows = Array.from({ length: ROWS }, (_, id) => ({
  id,
  who: `user ${id}`,
  a: id % 7,
  b: 0.5,
  c: 1,
  d: id / 1000,
}));

function write(directory: string, name: string, text: string): string {
  mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, directory, name), text);
  return join(root, directory);
}

describe('parts of a text', () => {
  it('hold every line once, wherever it is cut', async () => {
    const directory = join(root, 'cut');
    mkdirSync(directory);
    const store = await openStore(
      { uri: directory, store: { type: 'file' } },
      { logger: createLogger({ level: 'silent' }) },
    );
    const line = fc.string({ unit: fc.constantFrom('a', 'ü', ' ', '\r'), maxLength: 6 });
    let number = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 12 }),
        fc.boolean(),
        fc.array(fc.nat(60)),
        async (lines, isEnded, cuts) => {
          number += 1;
          const text = lines.join('\n') + (isEnded ? '\n' : '');
          const content = Buffer.from(text);
          writeFileSync(join(directory, 'text'), content);
          const etag = (await store.head('text'))?.etag ?? '';
          const edges = [...new Set([0, ...cuts.filter((cut) => cut < content.length), content.length])].sort(
            (a, b) => a - b,
          );
          const parts: Buffer[] = [];
          for (const [index, from] of edges.slice(0, -1).entries()) {
            const path = join(directory, `part-${number}-${index}`);
            const to = edges[index + 1] ?? 0;
            await cutLines(store, { key: 'text', etag, size: content.length, from, to }, path);
            parts.push(readFileSync(path));
            rmSync(path);
          }
          expect(Buffer.concat(parts).toString()).toBe(text);
          expect(
            parts
              .slice(0, -1)
              .every(
                (part) =>
                  part.length === 0 || part.at(-1) === 0x0a || part === parts.findLast(({ length }) => length > 0),
              ),
          ).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a run over text', () => {
  it('of CSV that is split has every row once, though columns stand in another order in each file', async () => {
    const half = ROWS / 2;
    const first = [
      'id,who,a,b,c,d',
      ...rows.slice(0, half).map(({ id, who, a, b, c, d }) => [id, who, a, b, c, d].join(',')),
    ];
    const second = [
      'd,c,b,a,who,id',
      ...rows.slice(half).map(({ id, who, a, b, c, d }) => [d, c, b, a, who, id].join(',')),
    ];
    write('csv', 'one.csv', `${first.join('\n')}\n`);
    const directory = write('csv', 'two.csv', second.join('\r\n'));
    const own = join(root, 'csv-job');
    const config = batchConfig(own, {
      input: { ...files(`${directory}/*.csv`), format: 'csv', csv: { multiline: false } },
      partRows: 1500,
      maxErrorRatio: 0,
    });
    const record = await wholeRun(config);
    expect(record.rows).toEqual({ in: ROWS, predicted: ROWS, errors: 0 });
    expect(record.sinks[0]?.type === 'files' && record.sinks[0].parts.length).toBeGreaterThan(10);
    expect(await wrongRows(join(own, 'out'), { rows: ROWS })).toEqual([]);
  });

  it('of JSON lines has every row once, and says where a bad one is', async () => {
    const lines = rows.map((row) => JSON.stringify(row));
    lines[5000] = '{"id": 5000, "who": "x", "a": "no number", "b": 1, "c": 1, "d": 1}';
    const directory = write('json', 'rows.jsonl', lines.join('\n'));
    const own = join(root, 'json-job');
    const config = batchConfig(own, {
      input: { ...files(`${directory}/*.jsonl`), format: 'json-lines' },
      sinks: [{ type: 'files', format: 'csv', ...files(join(own, 'out')) }],
      partRows: 3000,
      maxErrorRatio: 0.01,
    });
    const record = await wholeRun(config);
    expect(record.rows).toEqual({ in: ROWS, predicted: ROWS - 1, errors: 1 });
    const [part] = record.errors.parts;
    const error = JSON.parse(readFileSync(join(own, 'ledger/run=r1', part?.key ?? ''), 'utf8')) as {
      fromByte: number;
      object: string;
      row: number;
    };
    // Counted from the first line that starts in the part.
    const before = Buffer.from(lines.join('\n')).subarray(0, error.fromByte).toString().split('\n').length - 1;
    expect(error.object).toBe(`${directory}/rows.jsonl`);
    expect([4999, 5000]).toContain(before + error.row);
    expect(await wrongRows(join(own, 'out'), { rows: ROWS, reader: 'read_csv' })).toEqual([{ id: 5000n, times: 0n }]);
  });
});
