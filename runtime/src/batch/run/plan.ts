import { createHash } from 'node:crypto';
import type { BatchConfig } from '../../contract';
import { RUNTIME_VERSION } from '../../contract';
import { BatchError } from './error';

const PLAN_SCHEMA = 'model-serving-batch-plan/v1';

/** An object that is read. */
export interface PlannedObject {
  readonly key: string;
  readonly uri: string;
  readonly bytes: number;

  /** The object must still have it when it is read. */
  readonly etag: string;

  /** Names of its columns, where the file is split and its parts have no line with them. */
  readonly columns?: readonly string[];
}

/** A part of an object that is scored and committed as one. */
export interface PlannedUnit {
  /** Position in {@link Plan.objects}. */
  readonly object: number;

  /** Row groups, from the first to before the last. Absent = not Parquet. */
  readonly rowGroups?: readonly [number, number];

  /** Lines that start in these bytes, from the first to before the last. Absent = the whole object, or Parquet. */
  readonly bytes?: readonly [number, number];

  /** Absent = the format does not tell. */
  readonly rows?: number;

  /** Size of what it stands for, to share the work out. */
  readonly weight: number;
}

/** What a run reads, and which shard does what: made once, and the same for every attempt. */
export interface Plan {
  readonly schema: string;
  readonly job: string;
  readonly run: string;

  /** Time that the run stands for: the scheduled one, else that of the plan. ISO 8601. */
  readonly time: string;

  /** Digest of everything in the configuration that decides what the output is. */
  readonly declaration: string;

  /** Folder that the keys of the objects are below. */
  readonly folder: string;
  readonly objects: readonly PlannedObject[];

  /** Columns that are copied, the same for all files. */
  readonly passThrough: readonly string[];

  /** Rows of all units. Absent = the format does not tell. */
  readonly rows?: number;

  /** Units of each shard, in order. */
  readonly shards: readonly (readonly PlannedUnit[])[];
}

/** Puts a plan together. */
export function newPlan(
  config: BatchConfig,
  run: { readonly id: string; readonly time: string },
  found: Pick<Plan, 'folder' | 'objects' | 'passThrough'> & { readonly units: readonly PlannedUnit[] },
): Plan {
  const { units, ...rest } = found;
  const isCounted = units.every(({ rows }) => rows !== undefined);
  return {
    schema: PLAN_SCHEMA,
    job: config.name,
    run: run.id,
    time: run.time,
    declaration: declarationOf(config),
    ...rest,
    ...(isCounted ? { rows: units.reduce((sum, { rows = 0 }) => sum + rows, 0) } : {}),
    shards: shared(units, config.shards),
  };
}

/** Refuses to go on with what another declaration has begun. @throws BatchError */
export function requireSameDeclaration(plan: Plan, config: BatchConfig): void {
  if (plan.schema === PLAN_SCHEMA && plan.job === config.name && plan.declaration === declarationOf(config)) {
    return;
  }
  throw BatchError.declaration(
    `The run ${plan.run} was begun by ${plan.job === config.name ? 'another declaration of' : `another job, ${plan.job}, not`} ${config.name}: ` +
      'model, input, columns, sinks and shards must stay the same within a run. Start another run, or restore the declaration.',
  );
}

/** Shares units out so that all shards have about the same work; each keeps the order of the objects. */
function shared(units: readonly PlannedUnit[], shards: number): PlannedUnit[][] {
  const loads = Array.from({ length: shards }, () => ({ weight: 0, units: [] as number[] }));
  const largestFirst = units.map((_, index) => index).sort((a, b) => weightAt(units, b) - weightAt(units, a) || a - b);
  for (const index of largestFirst) {
    const lightest = loads.reduce((best, load) => (load.weight < best.weight ? load : best));
    lightest.weight += weightAt(units, index);
    lightest.units.push(index);
  }
  return loads.map((load) => load.units.sort((a, b) => a - b).flatMap((index) => units[index] ?? []));
}

function weightAt(units: readonly PlannedUnit[], index: number): number {
  return units[index]?.weight ?? 0;
}

function declarationOf(config: BatchConfig): string {
  const { models, input, features, passThrough, predictions, sinks, shards, partRows, timeZone } = config;
  const [model] = models;
  const places = sinks.map((sink) =>
    sink.type === 'files' ? [sink.uri, sink.format] : [sink.address, sink.database, sink.table, sink.key, sink.columns],
  );
  const decisive = [
    RUNTIME_VERSION,
    [model?.name, model?.version, model?.sha256],
    [input.uri, input.format, input.csv],
    [features, passThrough, predictions, places, shards, partRows, timeZone],
  ];
  return createHash('sha256').update(JSON.stringify(decisive)).digest('hex');
}
