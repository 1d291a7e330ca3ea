import type { ModelVersion } from '../model';
import type { BatchStatistics, ModelStatistics, StatisticDuration } from '../protocol';
import type { BatchSizeMeter, ModelMeters } from '../telemetry';
import type { ServedModels } from './served-models';

/**
 * What was counted of models since the start of the process, in the terms of the statistics extension of Triton. Versions
 * that are not part of the configuration have nothing counted.
 *
 * In `inference_stats` the times are those of requests; in `batch_stats` they are those of runs, of which several requests
 * may be part.
 *
 * @see https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md
 */
export function statisticsOf(models: ServedModels, versions: readonly ModelVersion[]): ModelStatistics[] {
  return versions.flatMap((version) => {
    const meters = models.meters(version);
    return meters === undefined ? [] : [statistics(version, meters)];
  });
}

function statistics({ name, version }: ModelVersion, { requests, runs, cache }: ModelMeters): ModelStatistics {
  const meters = Object.values(requests);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const good = sum(meters.map(({ answers }) => answers[0]));
  const failed = sum(meters.map(({ answers }) => answers[1] + answers[2]));
  const { queue, inference, serialization } = runs.stages;
  const decoded = countOf(inference);
  return {
    name,
    version,
    last_inference: Math.max(...meters.map(({ lastGoodAt }) => lastGoodAt)),
    inference_count: runs.rows.sum,
    execution_count: countOf(runs.rows),
    inference_stats: {
      success: duration(good, sum(meters.map(({ seconds }) => seconds[0]))),
      fail: duration(failed, sum(meters.map(({ seconds }) => seconds[1] + seconds[2]))),
      queue: duration(countOf(queue), queue.sum),
      compute_input: duration(decoded, sum(meters.map(({ readingSeconds }) => readingSeconds))),
      compute_infer: duration(decoded, inference.sum),
      compute_output: duration(countOf(serialization), serialization.sum),
      cache_hit: duration(cache.lookups.hit.value, cache.seconds.hit),
      cache_miss: duration(cache.lookups.miss.value, cache.seconds.miss),
    },
    batch_stats: batchStatistics(runs.sizes),
  };
}

function batchStatistics(sizes: BatchSizeMeter): BatchStatistics[] {
  return sizes.all.map(([size, counts]) => ({
    batch_size: size,
    compute_input: duration(counts.runs, counts.inputSeconds),
    compute_infer: duration(counts.runs, counts.inferenceSeconds),
    compute_output: duration(counts.answered, counts.outputSeconds),
  }));
}

function countOf(cell: { cumulated(): number[] }): number {
  return cell.cumulated().at(-1) ?? 0;
}

function duration(count: number, seconds: number): StatisticDuration {
  return { count, ns: Math.round(seconds * 1e9) };
}
