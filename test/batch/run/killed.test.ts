import { readdirSync } from 'node:fs';
import { temporaryDirectory } from '../../support/temporary';
import { markerWatch, runViolently } from '../support/killed-run';
import { batchConfig, successOf, writeConfig, writeParquet, wrongRows } from '../support/tables';

const ROWS = 81_920;
const root = temporaryDirectory();

it('a run whose processes are killed and started twice has every row once', async () => {
  await writeParquet(root, 2, ROWS / 2);
  const config = writeConfig(root, batchConfig(root, { shards: 3, partRows: 4096 }));
  const { kills } = await runViolently(config, 'r1', {
    kills: 3,
    withinMillis: 1200,
    duplicates: 1,
    processes: 2,
    watch: markerWatch(`${root}/ledger`, `${root}/out`, 'r1'),
  });
  expect(kills).toBe(3);
  expect(await wrongRows(`${root}/out`, { rows: ROWS })).toEqual([]);
  expect(readdirSync(`${root}/out/run=r1/parts`)).toHaveLength(successOf(`${root}/out`).parts.length);
  expect(readdirSync(`${root}/scratch`)).toEqual([]);
});
