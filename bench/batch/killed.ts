/**
 * Is every row of a batch job written once, whatever happens to its processes? Runs a job of 8 shards, two processes at a
 * time, kills 20 of them at random moments, starts shards twice, lets their clocks jump, and compares the committed rows with
 * the plan.
 *
 * `--rows 2000000 --kills 20 --within 3000 --duplicates 3 --store file`; `--store s3` puts everything on an S3 server (versitygw)
 * behind a proxy that refuses, is slow, loses answers and cuts connections.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { localFile, openStore } from '../../runtime/src/batch/store';
import { createLogger } from '../../runtime/src/telemetry';
import { startHarshProxy } from '../../test/batch/support/harsh-proxy';
import { markerWatch, runShardProcess, runViolently } from '../../test/batch/support/killed-run';
import { startBucket } from '../../test/batch/support/s3-bucket';
import { batchConfig, sql, successOf, writeConfig, writeParquet, wrongRows } from '../../test/batch/support/tables';

const FILES = 4;
const JOB = { shards: 8, partRows: 20_000 };

/** Loaded into each process: the time of day jumps by up to an hour, to either side, again and again. */
const JUMPING_CLOCK = `
const now = Date.now;
let offset = 0;
setInterval(() => { offset = (Math.random() - 0.5) * 7_200_000; }, 1000).unref();
Date.now = () => now() + offset;
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '2000000' },
      kills: { type: 'string', default: '20' },
      within: { type: 'string', default: '3000' },
      duplicates: { type: 'string', default: '3' },
      store: { type: 'string', default: 'file' },
    },
  });
  const root = mkdtempSync(join(tmpdir(), 'model-serving-killed-'));
  try {
    const rows = Math.floor(Number(values.rows) / FILES) * FILES;
    await writeParquet(root, FILES, rows / FILES);
    const { config, ledger, sink, faults, stop } = values.store === 's3' ? await onS3(root) : onDisk(root);
    const clock = join(root, 'jumping-clock.cjs');
    writeFileSync(clock, JUMPING_CLOCK);
    const started = performance.now();
    const { attempts, kills, log } = await runViolently(config, 'r1', {
      kills: Number(values.kills),
      withinMillis: Number(values.within),
      duplicates: Number(values.duplicates),
      processes: 2,
      env: { NODE_OPTIONS: `--require ${clock}` },
      watch: markerWatch(ledger, sink, 'r1'),
    });
    const wrong = await wrongRows(sink, { rows });
    const { parts, rows: counts } = successOf(sink);
    const stored = readdirSync(`${sink}/run=r1/parts`).length;
    const [{ units } = {}] = await sql(`SELECT count(*)::INT AS units FROM glob('${ledger}/run=r1/_units/*.json')`);
    const again = await runShardProcess(config, 'r1', 0);
    const lost = log.filter(({ msg }) => msg === 'another process was first with this unit').length;
    const left = readdirSync(`${root}/scratch`).length;
    process.stdout.write(
      `${JSON.stringify({ rows, counts, wrong: wrong.length, attempts, kills, units, parts: parts.length, stored, lostRaces: lost, scratchLeft: left, faults: faults(), again: again.log.at(-1)?.msg, seconds: Math.round((performance.now() - started) / 1000) })}\n`,
    );
    await stop();
    if (wrong.length > 0 || counts.in !== rows || stored !== parts.length) {
      process.exitCode = 1;
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Where a job is, and where its files can be looked at. */
interface Place {
  readonly config: string;
  readonly ledger: string;
  readonly sink: string;
  readonly faults: () => object;
  readonly stop: () => Promise<void>;
}

function onDisk(root: string): Place {
  return {
    config: writeConfig(root, batchConfig(root, JOB)),
    ledger: `${root}/ledger`,
    sink: `${root}/out`,
    faults: () => ({}),
    stop: async () => undefined,
  };
}

async function onS3(root: string): Promise<Place> {
  const { server, store: direct } = await startBucket(root, 'tables');
  const input = await openStore({ uri: 's3://tables/in', store: direct }, { logger: createLogger({ level: 'warn' }) });
  for (const name of readdirSync(`${root}/in`)) {
    await input.put(name, await localFile(`${root}/in/${name}`));
  }
  input.close();
  const proxy = await startHarshProxy(server.port, { unavailable: 0.03, lost: 0.02, cut: 0.02, slowMillis: 20 });
  const store = { ...direct, endpoint: `http://127.0.0.1:${proxy.port}` };
  const config = batchConfig(root, {
    ...JOB,
    input: { uri: 's3://tables/in/*.parquet', store, format: 'parquet' },
    sinks: [{ type: 'files', format: 'parquet', uri: 's3://tables/out', store }],
    ledger: { uri: 's3://tables/ledger', store },
  });
  return {
    config: writeConfig(root, config),
    ledger: `${root}/server/data/tables/ledger`,
    sink: `${root}/server/data/tables/out`,
    faults: () => proxy.counts,
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
}

void main();
