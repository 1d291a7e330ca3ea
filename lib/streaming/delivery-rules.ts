import { quote, RULES, type Violation, violation } from '../kubernetes';
import type { EventSink } from './event-sink';
import { isSameLogin } from './kafka';
import { haveSameBrokers, isLoop, samePlace } from './place';
import type { StreamSettings } from './stream-settings';
import type { StreamingConsumerProps } from './streaming-consumer-props';

/** Checks source, sinks and guarantee against each other. */
export function checkPlaces(props: StreamingConsumerProps, settings: StreamSettings): Violation[] {
  return [
    ...checkSink(props),
    ...(props.deadLetter === undefined ? [] : checkDeadLetter(props, props.deadLetter)),
    ...(settings.delivery._guarantee === 'exactly-once' ? checkExactlyOnce(props) : []),
  ];
}

function checkSink({ source, sink, predictionLog }: StreamingConsumerProps): Violation[] {
  return [
    ...(isLoop(source._source, sink._sink)
      ? [
          violation(
            RULES.streamLoop,
            'sink is where events come from.',
            'Write predictions to another topic or stream.',
          ),
        ]
      : []),
    ...(sink._sink.type === 'none' && predictionLog === undefined
      ? [
          violation(
            RULES.predictionsKept,
            'sink is EventSink.none(), and there is no predictionLog.',
            'Write predictionLog: PredictionLog.http(…), or a sink.',
          ),
        ]
      : []),
  ];
}

function checkDeadLetter({ source, sink }: StreamingConsumerProps, { _sink: deadLetter }: EventSink): Violation[] {
  const problems = [
    ...(deadLetter.type === 'none' ? ['deadLetter is EventSink.none().'] : []),
    ...(isLoop(source._source, deadLetter) ? ['deadLetter is where events come from.'] : []),
    ...(samePlace(sink._sink, deadLetter) ? ['deadLetter is where predictions go.'] : []),
  ];
  return problems.map((found) =>
    violation(RULES.deadLetterPlace, found, "Write a place of its own, for example the topic 'logs.dead-letter'."),
  );
}

function checkExactlyOnce(props: StreamingConsumerProps): Violation[] {
  const { _source: source } = props.source;
  const sinks = Object.entries({ sink: props.sink, deadLetter: props.deadLetter });
  const problems = sinks.flatMap(([prop, declared]) => {
    if (declared === undefined || haveSameBrokers(source, declared._sink)) {
      return [];
    }
    const { type } = declared._sink;
    const where = source.type === 'kafka' && type === 'kafka' ? 'at other brokers' : quote(type);
    return [`source is ${quote(source.type)}, and ${prop} ${where}.`];
  });
  if (problems.length === 0 && !sharesLogin(props)) {
    problems.push('sink and deadLetter have different logins, or different TLS.');
  }
  const redis = source.type === 'redis-stream' && sinks.every(([, sink]) => sink?._sink.type !== 'kafka');
  return problems.map((found) =>
    violation(
      RULES.exactlyOnce,
      `delivery is Delivery.exactlyOnce(). ${found[0]?.toUpperCase()}${found.slice(1)}`,
      redis
        ? 'Remove delivery: between two streams of one Redis, at-least-once already writes predictions and acknowledgement together.'
        : 'Use topics of one Kafka cluster, or write Delivery.atLeastOnce() and let readers drop what has the same event id.',
    ),
  );
}

/** One producer writes both, so it has one login and one kind of TLS. */
function sharesLogin({ sink, deadLetter }: StreamingConsumerProps): boolean {
  const [one, other] = [sink._sink, deadLetter?._sink];
  return one.type !== 'kafka' || other?.type !== 'kafka' || isSameLogin(one.options, other.options);
}
