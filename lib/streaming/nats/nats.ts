import type { NatsSinkConfig, NatsSourceConfig } from '../../contract';
import {
  checkDuration,
  HOST_AND_PORT,
  millisOf,
  quote,
  RULES,
  readableMillis,
  type Violation,
  violation,
} from '../../kubernetes';
import type { PodAdditions } from '../../online';
import { checkDeliveries } from '../redis-stream';
import { StartPosition } from '../start-position';
import type { NatsSinkOptions, NatsSourceOptions } from './nats-options';
import { checkNatsServer, renderNatsServer } from './nats-server';

const DEFAULT_ACK_MILLIS = 60_000;
const DEFAULT_DELIVERIES = 5;
const LEAST_ACK_PENDING = 10_000;

const NAME = /^[^\s.*>/\\\p{Cc}]{1,255}$/u;
const WORD = /^[^\s.*>\p{Cc}]+$/u;

/** What consumers of a stream have in work. */
export interface WorkInProgress {
  /** Longest time that a micro-batch gets. */
  readonly drainMillis: number;

  /** Most events of all replicas together. */
  readonly events: number;
}

/** A stream that is read, as the runtime reads it, and what it adds to the pod. */
export function renderNatsSource(
  purpose: string,
  options: NatsSourceOptions,
  { events }: WorkInProgress,
): { config: NatsSourceConfig; additions: PodAdditions } {
  const { config, additions } = renderNatsServer(purpose, options);
  return {
    config: {
      type: 'nats',
      ...config,
      stream: options.stream,
      subject: options.subject,
      consumer: options.consumer,
      startAt: options.startAt ?? StartPosition.EARLIEST,
      ackWaitMillis: ackMillis(options),
      maxDeliveries: options.maxDeliveries ?? DEFAULT_DELIVERIES,
      maxAckPending: options.maxAckPending ?? Math.max(LEAST_ACK_PENDING, events),
    },
    additions,
  };
}

/** A subject that is published to, as the runtime reads it, and what it adds to the pod. */
export function renderNatsSink(
  purpose: string,
  options: NatsSinkOptions,
): { config: NatsSinkConfig; additions: PodAdditions } {
  const { config, additions } = renderNatsServer(purpose, options);
  return { config: { type: 'nats', ...config, subject: options.subject }, additions };
}

/** Checks a stream that is read. */
export function checkNatsSource(prop: string, options: NatsSourceOptions, work: WorkInProgress): Violation[] {
  const { stream, subject, consumer, ackWait, maxDeliveries = DEFAULT_DELIVERIES, maxAckPending } = options;
  const found = [
    ...checkNatsServer(prop, options),
    ...checkDuration(`${prop}.ackWait`, ackWait),
    ...checkDeliveries(prop, maxDeliveries),
  ];
  if (!NAME.test(stream)) {
    found.push(violation(RULES.streamName, `${prop}.stream is ${quote(stream)}.`, "Write it as in 'LOGS'."));
  }
  if (subject !== undefined && !isSubject(subject, true)) {
    found.push(violation(RULES.streamName, `${prop}.subject is ${quote(subject)}.`, "Write it as in 'logs.*'."));
  }
  if (!NAME.test(consumer)) {
    found.push(violation(RULES.groupName, `${prop}.consumer is ${quote(consumer)}.`, "Write it as in 'log-anomaly'."));
  }
  if (ackMillis(options) < work.drainMillis) {
    found.push(
      violation(
        RULES.redelivery,
        `${prop}.ackWait is ${readableMillis(ackMillis(options))}, and drainTime ${readableMillis(work.drainMillis)}.`,
        'Raise ackWait, or lower drainTime.',
      ),
    );
  }
  if (maxAckPending !== undefined && !(Number.isSafeInteger(maxAckPending) && maxAckPending >= work.events)) {
    found.push(
      violation(
        RULES.redelivery,
        `${prop}.maxAckPending is ${quote(maxAckPending)}, and all replicas together have up to ${work.events} events in work.`,
        'Raise it, or leave it out.',
      ),
    );
  }
  return [...found, ...checkMonitoring(prop, options)];
}

/** Checks a subject that is published to. */
export function checkNatsSink(prop: string, options: NatsSinkOptions): Violation[] {
  const { subject } = options;
  return [
    ...checkNatsServer(prop, options),
    ...(isSubject(subject, false)
      ? []
      : [violation(RULES.streamName, `${prop}.subject is ${quote(subject)}.`, "Write it as in 'logs.anomalies'.")]),
  ];
}

/** Whether a subject is one of those that a pattern with wildcards stands for. */
export function matchesSubject(pattern: string, subject: string): boolean {
  const words = subject.split('.');
  const parts = pattern.split('.');
  const open = parts.at(-1) === '>';
  const fixed = open ? parts.slice(0, -1) : parts;
  return (
    (open ? words.length > fixed.length : words.length === fixed.length) &&
    fixed.every((part, index) => part === '*' || part === words[index])
  );
}

function isSubject(subject: string, hasWildcards: boolean): boolean {
  const words = subject.split('.');
  return words.every(
    (word, index) =>
      WORD.test(word) || (hasWildcards && (word === '*' || (word === '>' && index === words.length - 1))),
  );
}

function checkMonitoring(prop: string, { monitoringEndpoint }: NatsSourceOptions): Violation[] {
  return monitoringEndpoint === undefined || HOST_AND_PORT.test(monitoringEndpoint)
    ? []
    : [
        violation(
          RULES.lagScaling,
          `${prop}.monitoringEndpoint is ${quote(monitoringEndpoint)}.`,
          "Write it as in 'nats.streams.svc:8222'.",
        ),
      ];
}

function ackMillis({ ackWait }: NatsSourceOptions): number {
  return ackWait === undefined ? DEFAULT_ACK_MILLIS : Math.ceil(millisOf(ackWait));
}
