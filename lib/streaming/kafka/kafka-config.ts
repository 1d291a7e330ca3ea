import type { KafkaSinkConfig, KafkaSourceConfig } from '../../contract';
import { millisOf } from '../../kubernetes';
import type { PodAdditions } from '../../online';
import { StartPosition } from '../start-position';
import { renderKafkaCluster } from './kafka-cluster';
import { KafkaCompression, type KafkaSinkOptions, type KafkaSourceOptions } from './kafka-options';

const DEFAULT_SESSION_MILLIS = 45_000;
const DEFAULT_POLL_MILLIS = 5 * 60_000;
const DEFAULT_LINGER_MILLIS = 5;

/** A topic that is read, as the runtime reads it, and what it adds to the pod. */
export function renderKafkaSource(
  purpose: string,
  options: KafkaSourceOptions,
): { config: KafkaSourceConfig; additions: PodAdditions } {
  const { config, additions } = renderKafkaCluster(purpose, options);
  return {
    config: {
      type: 'kafka',
      ...config,
      topic: options.topic,
      group: options.group,
      startAt: options.startAt ?? StartPosition.EARLIEST,
      staticMembership: options.staticMembership ?? false,
      sessionTimeoutMillis: sessionMillis(options),
      maxPollIntervalMillis: pollMillis(options),
    },
    additions,
  };
}

/** A topic that is written to, as the runtime reads it, and what it adds to the pod. */
export function renderKafkaSink(
  purpose: string,
  options: KafkaSinkOptions,
): { config: KafkaSinkConfig; additions: PodAdditions } {
  const { config, additions } = renderKafkaCluster(purpose, options);
  return {
    config: {
      type: 'kafka',
      ...config,
      topic: options.topic,
      lingerMillis: options.linger === undefined ? DEFAULT_LINGER_MILLIS : Math.ceil(millisOf(options.linger)),
      compression: options.compression ?? KafkaCompression.LZ4,
    },
    additions,
  };
}

/** Session timeout, in milliseconds. */
export function sessionMillis({ sessionTimeout }: KafkaSourceOptions): number {
  return sessionTimeout === undefined ? DEFAULT_SESSION_MILLIS : Math.ceil(millisOf(sessionTimeout));
}

/** Longest time between two polls, in milliseconds. */
export function pollMillis({ maxPollInterval }: KafkaSourceOptions): number {
  return maxPollInterval === undefined ? DEFAULT_POLL_MILLIS : Math.ceil(millisOf(maxPollInterval));
}
