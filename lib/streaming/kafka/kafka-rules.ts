import { checkDuration, millisOf, quote, RULES, readableMillis, type Violation, violation } from '../../kubernetes';
import { checkKafkaCluster } from './kafka-cluster';
import { pollMillis, sessionMillis } from './kafka-config';
import type { KafkaSinkOptions, KafkaSourceOptions } from './kafka-options';

const TOPIC = /^[A-Za-z0-9._-]{1,249}$/;
const GROUP = /^[^\s\p{Cc}]{1,255}$/u;
const MAX_PARTITIONS = 100_000;

/** What brokers take unless they are told otherwise. */
const LEAST_SESSION_MILLIS = 6_000;
const MOST_SESSION_MILLIS = 30 * 60_000;

const MAX_LINGER_MILLIS = 60_000;

/**
 * Checks a topic that is read.
 *
 * @param drainMillis longest time that a micro-batch gets
 */
export function checkKafkaSource(prop: string, options: KafkaSourceOptions, drainMillis: number): Violation[] {
  const { group, partitions } = options;
  return [
    ...checkKafkaCluster(prop, options),
    ...checkTopic(prop, options.topic),
    ...(GROUP.test(group)
      ? []
      : [violation(RULES.groupName, `${prop}.group is ${quote(group)}.`, "Write it as in 'log-anomaly'.")]),
    ...(partitions === undefined || (Number.isInteger(partitions) && partitions >= 1 && partitions <= MAX_PARTITIONS)
      ? []
      : [
          violation(
            RULES.replicasOfPartitions,
            `${prop}.partitions is ${quote(partitions)}.`,
            'Write what the topic has, or leave it out.',
          ),
        ]),
    ...checkTimes(prop, options, drainMillis),
  ];
}

/** Checks a topic that is written to. */
export function checkKafkaSink(prop: string, options: KafkaSinkOptions): Violation[] {
  const { linger } = options;
  return [
    ...checkKafkaCluster(prop, options),
    ...checkTopic(prop, options.topic),
    ...(linger === undefined || millisOf(linger) <= MAX_LINGER_MILLIS
      ? []
      : [
          violation(
            RULES.sinkLimits,
            `${prop}.linger is ${linger.toHumanString()}.`,
            'Write a few milliseconds, or leave it out.',
          ),
        ]),
  ];
}

function checkTopic(prop: string, topic: string): Violation[] {
  return TOPIC.test(topic) && topic !== '.' && topic !== '..'
    ? []
    : [violation(RULES.streamName, `${prop}.topic is ${quote(topic)}.`, "Write it as in 'logs.dead-letter'.")];
}

function checkTimes(prop: string, options: KafkaSourceOptions, drainMillis: number): Violation[] {
  const { sessionTimeout, maxPollInterval } = options;
  const session = sessionMillis(options);
  const poll = pollMillis(options);
  const found = [
    ...checkDuration(`${prop}.sessionTimeout`, sessionTimeout),
    ...checkDuration(`${prop}.maxPollInterval`, maxPollInterval),
  ];
  if (session < LEAST_SESSION_MILLIS || session > MOST_SESSION_MILLIS) {
    found.push(
      violation(
        RULES.groupTimes,
        `${prop}.sessionTimeout is ${readableMillis(session)}.`,
        'Write Duration.seconds(45), or leave it out.',
      ),
    );
  }
  if (poll < session || poll < 2 * drainMillis) {
    found.push(
      violation(
        RULES.groupTimes,
        `${prop}.maxPollInterval is ${readableMillis(poll)}, the session timeout ${readableMillis(session)}, and drainTime ${readableMillis(drainMillis)}.`,
        'Raise maxPollInterval, or lower drainTime.',
      ),
    );
  }
  return found;
}
