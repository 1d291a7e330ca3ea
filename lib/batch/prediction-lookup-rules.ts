import {
  checkConfigMapSize,
  checkDuration,
  checkGpuImage,
  checkReplicas,
  checkResources,
  configMapBytes,
  memoryLimitOf,
  quote,
  RULES,
  readableMillis,
  type Violation,
  violation,
} from '../kubernetes';
import { checkModelName, checkModelVersion } from '../model';
import {
  checkAuthentication,
  checkBodySize,
  checkDrainTime,
  checkLimits,
  checkOrigins,
  checkPodOptions,
  checkRedisServer,
  checkServingTls,
} from '../online';
import type { LookupSettings } from './lookup-settings';
import type { PredictionLookupProps } from './prediction-lookup-props';

/** Checks everything that a lookup is declared with, except the pod itself. */
export function checkPredictionLookup(
  props: PredictionLookupProps,
  settings: LookupSettings,
  config: string,
): Violation[] {
  const { redis, authentication, tls, cors, limits, resources = {} } = props;
  const memory = memoryLimitOf(resources, settings.needs);
  return [
    ...checkModelName('modelName', settings.modelName),
    ...checkModelVersion('modelVersion', settings.modelVersion),
    ...checkTable(props, settings),
    ...checkDefault(props, settings),
    ...checkTimes(props, settings),
    ...(redis === undefined ? [] : checkRedisServer('redis', redis)),
    ...checkBodySize(settings.maxBodyBytes, memory),
    ...(limits === undefined ? [] : checkLimits(limits, memory)),
    ...(authentication === undefined ? [] : checkAuthentication(authentication)),
    ...(tls === undefined ? [] : checkServingTls(tls)),
    ...(cors === undefined ? [] : checkOrigins(cors)),
    ...checkResources(resources, settings.needs),
    ...checkGpuImage(resources.gpu, settings.bundledImage),
    ...checkReplicas(props, settings),
    ...checkPodOptions(props, settings),
    ...[...settings.clients, ...settings.monitors].flatMap(({ _violations }) => _violations),
    ...checkConfigMapSize(
      'The configuration of the lookup',
      configMapBytes({ 'config.json': config }),
      'Give a shorter default prediction.',
    ),
  ];
}

function checkTable({ job, table, key }: PredictionLookupProps, { source }: LookupSettings): Violation[] {
  const names = job._tables.map((each) => quote(each.table)).join(', ');
  const found: string[] = [];
  if (names === '') {
    found.push(`The job ${quote(job.node.path)} writes to no table in Redis.`);
  } else if (source === undefined) {
    found.push(`The job ${quote(job.node.path)} writes the tables ${names}, and table is ${quote(table)}.`);
  }
  if (key === '') {
    found.push('key is empty.');
  }
  return found.map((what) =>
    violation(
      RULES.lookupTable,
      what,
      names === ''
        ? 'Add PredictionSink.redis({ … }) to its outputs.'
        : 'Name one of its tables, or leave key out for the column of the job.',
    ),
  );
}

/** The columns of a table are known where the sink names them, or the job its predictions. */
function checkDefault({ defaultPrediction, job }: PredictionLookupProps, { source }: LookupSettings): Violation[] {
  const columns = source?.options.columns ?? job._predictions;
  if (defaultPrediction === undefined || columns === undefined) {
    return [];
  }
  const given = Object.keys(defaultPrediction);
  const missing = columns.filter((column) => !given.includes(column));
  const unknown = given.filter((column) => !columns.includes(column));
  return [
    ...missing.map((column) => `defaultPrediction has no value for the column ${quote(column)}.`),
    ...unknown.map((column) => `defaultPrediction has ${quote(column)}, which is no column of the table.`),
  ].map((found) =>
    violation(RULES.lookupDefault, found, `The table keeps ${columns.map((column) => quote(column)).join(', ')}.`),
  );
}

function checkTimes(props: PredictionLookupProps, settings: LookupSettings): Violation[] {
  const { budgetMillis, drainMillis, timeoutMillis, maxAgeMillis, source } = settings;
  const found = (['latencyBudget', 'drainTime', 'timeout', 'maxAge'] as const).flatMap((prop) =>
    checkDuration(prop, props[prop]),
  );
  if (timeoutMillis >= budgetMillis) {
    found.push(
      violation(
        RULES.lookupTimeout,
        `timeout is ${readableMillis(timeoutMillis)}, and the latency budget ${readableMillis(budgetMillis)}.`,
        'Write a fraction of the budget.',
      ),
    );
  }
  found.push(...checkDrainTime(drainMillis, budgetMillis));
  if (maxAgeMillis !== undefined && source?.intervalMillis !== undefined && maxAgeMillis <= source.intervalMillis) {
    found.push(
      violation(
        RULES.lookupAge,
        `maxAge is ${readableMillis(maxAgeMillis)}, and the schedule of the job has ${readableMillis(source.intervalMillis)} between two runs.`,
        'Leave maxAge out, or write at least twice that time.',
      ),
    );
  }
  return found;
}
