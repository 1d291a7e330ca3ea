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
  readableBytes,
  readableMillis,
  type Violation,
  violation,
} from '../kubernetes';
import { checkParts } from './declared-parts';
import type { OnlineModelProps } from './online-model-props';
import { checkPodOptions } from './pod-options-rules';
import type { Settings } from './settings';
import { compareSample } from './warm-up-sample';

const LEAST_BODY_BYTES = 1024;
const LARGEST_BODY_BYTES = 1024 ** 3;
const SHOWN_PROBLEMS = 3;

/** Checks everything that an online model is declared with, except the pod itself. */
export function checkOnlineModel(props: OnlineModelProps, settings: Settings, config: string): Violation[] {
  const memory = memoryLimitOf(settings.resources, settings.needs);
  return [
    ...props.model._violations,
    ...checkWarmUp(props, settings),
    ...checkResources(settings.resources, settings.needs),
    ...checkGpuImage(settings.resources.gpu, settings.bundledImage),
    ...checkReplicas(props, settings),
    ...checkTimes(props, settings),
    ...checkBodySize(settings.maxBodyBytes, memory),
    ...checkParts(props, settings.budgetMillis, memory),
    ...checkPodOptions(props, settings),
    ...[...settings.clients, ...settings.monitors].flatMap(({ _violations }) => _violations),
    ...checkConfigMapSize(
      'The configuration',
      configMapBytes({ 'config.json': config }),
      'Take fewer or shorter warm-up samples.',
    ),
  ];
}

function checkWarmUp({ model }: OnlineModelProps, { warmUp }: Settings): Violation[] {
  const { _request: request, _file: file, _violations: found } = warmUp;
  if (request === undefined || model.signature === undefined || model._violations.length > 0) {
    return found;
  }
  const problems = compareSample(request, model.signature);
  if (problems.length === 0) {
    return found;
  }
  // One wrong name is wrong in every row.
  const more = problems.length > SHOWN_PROBLEMS ? ` And ${problems.length - SHOWN_PROBLEMS} more.` : '';
  const inputs = model.signature.inputs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`);
  return [
    ...found,
    violation(
      RULES.warmUpSample,
      `The warm-up file ${quote(file)} does not fit: ${problems.slice(0, SHOWN_PROBLEMS).join(' ')}${more}`,
      `The model ${quote(model.name)} takes ${inputs.join('; ')}.`,
    ),
  ];
}

function checkTimes(props: OnlineModelProps, { drainMillis, budgetMillis }: Settings): Violation[] {
  const found: Violation[] = [];
  for (const prop of ['latencyBudget', 'maxLoadTime', 'drainTime'] as const) {
    const duration = props[prop];
    found.push(...checkDuration(prop, duration));
  }
  return [...found, ...checkDrainTime(drainMillis, budgetMillis)];
}

/** Checks that requests that are under way when a pod has to go can be answered. */
export function checkDrainTime(drainMillis: number, budgetMillis: number): Violation[] {
  return drainMillis >= budgetMillis
    ? []
    : [
        violation(
          RULES.drainTime,
          `drainTime is ${readableMillis(drainMillis)}, and the latency budget ${readableMillis(budgetMillis)}.`,
          'Leave drainTime out, or raise it.',
        ),
      ];
}

/** Checks the largest request body. */
export function checkBodySize(maxBodyBytes: number, memoryBytes: number): Violation[] {
  return maxBodyBytes >= LEAST_BODY_BYTES && maxBodyBytes <= Math.min(LARGEST_BODY_BYTES, memoryBytes / 4)
    ? []
    : [
        violation(
          RULES.bodySize,
          `maxBodySize is ${readableBytes(maxBodyBytes)}, and the memory limit ${readableBytes(memoryBytes)}.`,
          'Write a size such as Size.mebibytes(4), or raise the memory.',
        ),
      ];
}
