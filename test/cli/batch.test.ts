import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BatchConfig } from '../../lib/contract';
import { batchConfig, files, successOf, writeConfig, writeParquet, wrongRows } from '../batch/support/tables';
import { runCommand, startCommand } from '../support/command';
import { eventually } from '../support/eventually';
import { describeWith } from '../support/requires';
import { sha256 } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const ROWS = 16_384;
const SLOW_MODEL = resolve(__dirname, '../fixtures/models/slow.onnx');
const root = temporaryDirectory();
let number = 0;

beforeAll(() => writeParquet(root, 1, ROWS));

/** A job over the common input. @returns its directory and the file of its configuration */
function prepare(config: Partial<BatchConfig> = {}): { directory: string; file: string; config: BatchConfig } {
  number += 1;
  const directory = join(root, `job-${number}`);
  const whole = batchConfig(directory, { input: { ...files(`${root}/in/*.parquet`), format: 'parquet' }, ...config });
  return { directory, file: writeConfig(directory, whole), config: whole };
}

/** A model that takes 10 ms for each of its runs. */
const slowModel = (): Partial<BatchConfig> => ({
  models: [
    {
      name: 'slow',
      version: 'v1',
      format: 'onnx',
      path: SLOW_MODEL,
      sha256: sha256(readFileSync(SLOW_MODEL)),
      warmUp: { runs: 0 },
    },
  ],
  batchRows: 64,
  shards: 1,
});

describe('model-serving batch run', () => {
  it('scores all shards and says where the predictions are; status shows it; again it does nothing', async () => {
    const { directory, file } = prepare({ run: undefined });
    const first = await runCommand(['batch', 'run', '--config', file, '--processes', '2']);
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`${ROWS} predictions, 0 errors: ${directory}/out/run=trial-`),
    });
    const [run = ''] = readdirSync(join(directory, 'out')).map((name) => name.replace('run=', ''));
    expect(await wrongRows(`${directory}/out`, { run, rows: ROWS })).toEqual([]);

    const text = await runCommand(['batch', 'status', '--config', file]);
    expect(text.stdout).toContain(`trial, run ${run}`);
    expect(text.stdout).toMatch(
      /: complete\n16384 of 16384 rows, 0 of them errors\n[\s\S]*SHARD +STATE[\s\S]*\n0 +done +4\/4 +8192\/8192/,
    );
    const json = await runCommand(['batch', 'status', '--config', file, '--run', run, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ run, state: 'complete', rows: { in: ROWS }, shards: [{}, {}] });

    const again = await runCommand(['batch', 'run', '--config', file]);
    expect(again.code).toBe(0);
    expect(again.log.filter(({ msg }) => msg === 'run is complete already')).toHaveLength(2);
  });

  it('ends with the code of the shard that failed', async () => {
    const { file } = prepare({ input: { ...files(`${root}/none/*.parquet`), format: 'parquet' } });
    const { code, stdout } = await runCommand(['batch', 'run', '--config', file]);
    expect(code).toBe(42);
    expect(stdout).toContain('No files are at');
  });
});

describe('model-serving batch', () => {
  it('ends with 143 after SIGTERM, has committed whole units, and goes on there', async () => {
    const { directory, file } = prepare(slowModel());
    const units = join(directory, 'ledger/run=r1/_units');
    const markers = () => (existsSync(units) ? readdirSync(units).filter((name) => !name.startsWith('.')) : []);
    const command = startCommand(['batch', '--config', file, '--metrics-port', '0']);
    await eventually('a unit is done', () => markers().length > 0);
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(143);
    const done = markers().length;
    expect(done).toBeLessThan(8);
    const status = await runCommand(['batch', 'status', '--config', file, '--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({ state: 'unfinished', shards: [{ unitsDone: done }] });
    const rest = await runCommand(['batch', '--config', file, '--metrics-port', '0']);
    expect(rest).toMatchObject({ code: 0 });
    expect(rest.log.find(({ msg }) => msg === 'shard begins')).toMatchObject({ units: 8, waiting: 8 - done });
    expect(await wrongRows(`${directory}/out`, { rows: ROWS })).toEqual([]);
  });

  it('tells of its progress in metrics, in the log and in the ledger', async () => {
    const { directory, file, config } = prepare({ ...slowModel(), metricsPort: 18_482 });
    const command = startCommand(['batch', '--config', file]);
    const metrics = await eventually('metrics of rows', async () => {
      const text = await (await fetch(`http://127.0.0.1:${config.metricsPort}/metrics`)).text();
      return /rows_total\{outcome="predicted",.*\} [1-9]/.test(text) ? text : undefined;
    });
    expect(metrics).toMatch(/model_serving_batch_planned_rows\{batch_job="trial",shard="0"\} 16384/);
    expect(metrics).toMatch(/model_serving_batch_units\{state="waiting",.*\} [1-8]\n/);
    expect((await fetch(`http://127.0.0.1:${config.metricsPort}/live`)).status).toBe(200);
    const told = await eventually('progress in the ledger', () => {
      const text = readFileSync(join(directory, 'ledger/run=r1/_progress/0.json'), 'utf8');
      return text === '' ? undefined : (JSON.parse(text) as object);
    });
    expect(told).toMatchObject({ shard: 0, rowsPerSecond: expect.any(Number) });
    const status = await runCommand(['batch', 'status', '--config', file, '--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({ shards: [{ state: 'running', plannedRows: ROWS }] });
    expect(command.log()).toContainEqual(expect.objectContaining({ msg: 'progress', plannedRows: ROWS }));
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(143);
  });

  it.each<[string, (config: BatchConfig) => unknown, RegExp]>([
    ['an unknown key', (config) => ({ ...config, shard: 1 }), /shard: is not a key/],
    [
      'a sink that can only be read',
      ({ sinks: [sink], ...rest }) => ({
        ...rest,
        sinks: [{ ...sink, uri: 'https://x.example/y', store: { type: 'https' } }],
      }),
      /can be written/,
    ],
    [
      'another digest of the model',
      ({ models: [model], ...rest }) => ({ ...rest, models: [{ ...model, sha256: '0'.repeat(64) }] }),
      /SHA-256/,
    ],
    [
      'a column of the model that is not there',
      (config) => ({ ...config, features: [{ input: 'none', columns: ['a'] }] }),
      /none/,
    ],
  ])('ends with 43 for %s', async (what, change, message) => {
    const { directory, config } = prepare({ shards: 1 });
    const file = writeConfig(directory, change(config) as BatchConfig);
    const { code, stdout } = await runCommand(['batch', '--config', file, '--metrics-port', '0']);
    expect(stdout).toMatch(message);
    expect({ what, code }).toEqual({ what, code: 43 });
  });
});

describe('model-serving fetch', () => {
  it('reads the models of a batch configuration', async () => {
    const { file } = prepare();
    const { code, log } = await runCommand(['fetch', '--config', file]);
    expect(code).toBe(0);
    expect(log[0]).toMatchObject({ model: 'mlp', msg: 'model is mounted; nothing to download' });
  });
});

const SMALL_DISK = {
  what: 'mount namespaces (unshare -rm)',
  present:
    process.platform === 'linux' && spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs x /mnt']).status === 0,
};

describeWith('a full disk', SMALL_DISK, () => {
  it.each(['scratch', 'out'])(
    'in %s ends the shard with 1, and the run is exact once there is room',
    async (folder) => {
      const { directory, file } = prepare({ shards: 1 });
      const full = join(directory, folder);
      mkdirSync(full, { recursive: true });
      // What is written below the mount is gone with the process: the output as a whole, when that is full.
      const through = ['unshare', '-rm', 'sh', '-c', 'mount -t tmpfs -o size=32k none "$0" && exec "$@"', full];
      const { code, stdout } = await runCommand(['batch', '--config', file, '--metrics-port', '0'], { through });
      expect(stdout).toMatch(/[Nn]o space|[Ss]pace left|No more space/);
      expect(code).toBe(1);
      expect(existsSync(join(directory, 'ledger/run=r1/_SUCCESS.json'))).toBe(false);
      if (folder === 'scratch') {
        expect(await runCommand(['batch', '--config', file, '--metrics-port', '0'])).toMatchObject({ code: 0 });
        expect(await wrongRows(`${directory}/out`, { rows: ROWS })).toEqual([]);
        expect(successOf(`${directory}/out`).rows.in).toBe(ROWS);
      }
    },
  );
});
