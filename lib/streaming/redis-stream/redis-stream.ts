import type { RedisStreamSinkConfig, RedisStreamSourceConfig } from '../../contract';
import { checkDuration, millisOf, quote, RULES, readableMillis, type Violation, violation } from '../../kubernetes';
import { checkRedisServer, type PodAdditions, renderRedisServer } from '../../online';
import { StartPosition } from '../start-position';
import type { RedisStreamSinkOptions, RedisStreamSourceOptions } from './redis-stream-options';

const VALUE_FIELD = 'value';
const KEY_FIELD = 'key';
const DEFAULT_CLAIM_MILLIS = 60_000;
const DEFAULT_DELIVERIES = 5;
const GROUP = /^[^\s\p{Cc}]{1,255}$/u;

/** A stream that is read, as the runtime reads it, and what it adds to the pod. */
export function renderRedisStreamSource(
  purpose: string,
  options: RedisStreamSourceOptions,
): { config: RedisStreamSourceConfig; additions: PodAdditions } {
  const { config, additions } = renderRedisServer(purpose, options);
  return {
    config: {
      type: 'redis-stream',
      ...config,
      stream: options.stream,
      group: options.group,
      startAt: options.startAt ?? StartPosition.EARLIEST,
      valueField: options.valueField ?? VALUE_FIELD,
      keyField: options.keyField ?? KEY_FIELD,
      claimIdleMillis: claimMillis(options),
      maxDeliveries: options.maxDeliveries ?? DEFAULT_DELIVERIES,
    },
    additions,
  };
}

/** A stream that is written to, as the runtime reads it, and what it adds to the pod. */
export function renderRedisStreamSink(
  purpose: string,
  options: RedisStreamSinkOptions,
): { config: RedisStreamSinkConfig; additions: PodAdditions } {
  const { config, additions } = renderRedisServer(purpose, options);
  return {
    config: {
      type: 'redis-stream',
      ...config,
      stream: options.stream,
      valueField: options.valueField ?? VALUE_FIELD,
      keyField: options.keyField ?? KEY_FIELD,
      maxLength: options.maxLength,
    },
    additions,
  };
}

/**
 * Checks a stream that is read.
 *
 * @param drainMillis longest time that a micro-batch gets
 */
export function checkRedisStreamSource(
  prop: string,
  options: RedisStreamSourceOptions,
  drainMillis: number,
): Violation[] {
  const { group, claimAfter, maxDeliveries = DEFAULT_DELIVERIES } = options;
  const found = [
    ...checkRedisServer(prop, options),
    ...checkEntry(prop, options),
    ...checkDuration(`${prop}.claimAfter`, claimAfter),
  ];
  if (!GROUP.test(group)) {
    found.push(violation(RULES.groupName, `${prop}.group is ${quote(group)}.`, "Write it as in 'log-anomaly'."));
  }
  if (claimMillis(options) < drainMillis) {
    found.push(
      violation(
        RULES.redelivery,
        `${prop}.claimAfter is ${readableMillis(claimMillis(options))}, and drainTime ${readableMillis(drainMillis)}.`,
        'Raise claimAfter, or lower drainTime.',
      ),
    );
  }
  return [...found, ...checkDeliveries(prop, maxDeliveries)];
}

/** Checks a stream that is written to. */
export function checkRedisStreamSink(prop: string, options: RedisStreamSinkOptions): Violation[] {
  const { maxLength } = options;
  return [
    ...checkRedisServer(prop, options),
    ...checkEntry(prop, options),
    ...(maxLength === undefined || (Number.isSafeInteger(maxLength) && maxLength >= 1)
      ? []
      : [
          violation(
            RULES.sinkLimits,
            `${prop}.maxLength is ${quote(maxLength)}.`,
            'Write for example 1000000, or leave it out.',
          ),
        ]),
  ];
}

/** Checks how often an event may be delivered. */
export function checkDeliveries(prop: string, maxDeliveries: number): Violation[] {
  return Number.isSafeInteger(maxDeliveries) && maxDeliveries >= 1
    ? []
    : [violation(RULES.redelivery, `${prop}.maxDeliveries is ${quote(maxDeliveries)}.`, 'Write 5, or leave it out.')];
}

function checkEntry(
  prop: string,
  {
    stream,
    valueField = VALUE_FIELD,
    keyField = KEY_FIELD,
  }: Pick<RedisStreamSinkOptions, 'stream' | 'valueField' | 'keyField'>,
): Violation[] {
  const found = [
    ...(stream === '' ? [`${prop}.stream is empty.`] : []),
    ...(valueField === '' || keyField === '' ? [`${prop} has a field without a name.`] : []),
    ...(valueField === keyField ? [`${prop} has the field ${quote(valueField)} for the value and for the key.`] : []),
  ];
  return found.map((what) =>
    violation(RULES.streamName, what, "Write for example { stream: 'logs', valueField: 'value', keyField: 'key' }."),
  );
}

function claimMillis({ claimAfter }: RedisStreamSourceOptions): number {
  return claimAfter === undefined ? DEFAULT_CLAIM_MILLIS : Math.ceil(millisOf(claimAfter));
}
