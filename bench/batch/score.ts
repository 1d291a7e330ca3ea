/*
 * Scores a table with the engine of the batch role, part after part as the role does, and prints one line of JSON.
 *
 *   node score.js MODEL TABLE DIRECTORY
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Score,
  TableEngine,
  type TableFile,
  type TableFormat,
  type TableSchema,
} from '../../runtime/src/batch/table';
import { loadModel } from '../../runtime/src/model';
import { createLogger } from '../../runtime/src/telemetry';

/** Rows of one output file, where row groups allow. */
const PART_ROWS = 1_000_000;

/** Two threads that read JSON lines need 64 MB for their text. */
const MEMORY_BYTES = 160 * 1024 * 1024;

async function main(modelPath: string, path: string, directory: string): Promise<void> {
  const logger = createLogger({ level: 'error' });
  const sha256 = createHash('sha256').update(readFileSync(modelPath)).digest('hex');
  const config = { name: 'mlp', version: '1', format: 'onnx', path: modelPath, sha256, warmUp: { runs: 1 } };
  const model = await loadModel(config, {
    logger,
    threads: 1,
    inlineSeconds: Number.POSITIVE_INFINITY,
    warmUpInputs: () => [],
  });
  const started = performance.now();
  const cpu = process.cpuUsage();
  const engine = await TableEngine.open({ memoryBytes: MEMORY_BYTES, threads: 2, scratchPath: directory, logger });
  const scorer = await engine.scorer(model, {
    features: [{ input: 'input', columns: Array.from({ length: 10 }, (_, index) => `f${index}`) }],
    passThrough: ['id'],
  });
  const whole = { path, format: formatOf(path) };
  const schema = await engine.schemaOf(whole);
  const scores: Promise<Score>[] = [];
  for (const [part, file] of partsOf(whole, schema).entries()) {
    const output = { files: [{ path: join(directory, `part-${part}.parquet`), format: 'parquet' as const }] };
    await scores.at(-2); // as the role: while one part is written the next one is scored
    await new Promise<void>((onRead, failed) => {
      const errorsPath = join(directory, `errors-${part}.jsonl`);
      const score = scorer.score(file, { ...output, errorsPath }, { schema, onRead });
      score.catch(failed);
      scores.push(score);
    });
  }
  const rows = (await Promise.all(scores)).reduce((sum, { rowsOut }) => sum + rowsOut, 0);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
  engine.close();
  await model.session.close();
  console.log(JSON.stringify({ rows, seconds, cpuSeconds: (user + system) / 1e6, peakMb }));
}

function formatOf(path: string): TableFormat {
  return path.endsWith('.csv') ? 'csv' : path.endsWith('.jsonl') ? 'json-lines' : 'parquet';
}

/** Row groups of about {@link PART_ROWS} rows; text is one part. */
function partsOf(file: TableFile, { rowGroups }: TableSchema): TableFile[] {
  if (rowGroups === undefined) {
    return [file];
  }
  const parts: TableFile[] = [];
  let from = 0;
  let rows = 0;
  for (const [index, group] of rowGroups.entries()) {
    rows += group.rows;
    if (rows >= PART_ROWS || index === rowGroups.length - 1) {
      parts.push({ ...file, rowGroups: [from, index + 1] });
      from = index + 1;
      rows = 0;
    }
  }
  return parts;
}

const [model, table, directory] = process.argv.slice(2);
void main(model, table, directory);
