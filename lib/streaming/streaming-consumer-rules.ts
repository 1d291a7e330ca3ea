import {
  checkConfigMapSize,
  checkGpuImage,
  checkReplicas,
  checkResources,
  configMapBytes,
  quote,
  RULES,
  type Violation,
  violation,
} from '../kubernetes';
import { checkPodOptions } from '../online';
import { checkPlaces } from './delivery-rules';
import { checkEventSink } from './event-sink';
import { checkEventSource } from './event-source';
import { checkEventOutput, checkFormat, checkInputFields } from './format';
import { checkMicroBatches, checkTimes } from './micro-batch-rules';
import { checkStages } from './stage-rules';
import type { StreamSettings } from './stream-settings';
import type { StreamingConsumerProps } from './streaming-consumer-props';

const MOST_WINDOW = 1_000_000;

/** Checks everything that a streaming consumer is declared with, except the pod itself. */
export function checkStreamingConsumer(
  props: StreamingConsumerProps,
  settings: StreamSettings,
  config: string,
): Violation[] {
  const { source, sink, deadLetter } = props;
  const { drainMillis, eventsInWork } = settings;
  return [
    ...props.model._violations,
    ...checkEventSource(source, { drainMillis, events: Number.isSafeInteger(eventsInWork) ? eventsInWork : 0 }),
    ...checkEventSink('sink', sink, drainMillis),
    ...(deadLetter === undefined ? [] : checkEventSink('deadLetter', deadLetter, drainMillis)),
    ...checkPlaces(props, settings),
    ...checkFormats(props, settings),
    ...checkStages(props, settings),
    ...checkMicroBatches(props, settings),
    ...checkTimes(props, settings),
    ...checkDeadLetters(props),
    ...checkScale(props, settings),
    ...checkResources(settings.resources, settings.needs),
    ...checkGpuImage(settings.resources.gpu, settings.bundledImage),
    ...checkPodOptions(props, settings),
    ...settings.monitors.flatMap(({ _violations }) => _violations),
    ...checkConfigMapSize(
      'The configuration of the consumer',
      configMapBytes({ 'config.json': config }),
      'Name fewer classes and fields.',
    ),
  ];
}

function checkFormats(props: StreamingConsumerProps, { inputFormat, outputFormat }: StreamSettings): Violation[] {
  const { _registered: registered } = outputFormat;
  const { type } = props.sink._sink;
  const named = registered === undefined || registered.subject !== undefined || type === 'kafka' || type === 'none';
  return [
    ...checkFormat('format', inputFormat),
    ...checkFormat('outputFormat', outputFormat),
    ...(inputFormat._format === 'tensor' ? checkTensorInputs(props) : checkInputFields(props)),
    ...checkEventOutput({ ...props, inputFormat, outputFormat }),
    ...(named
      ? []
      : [
          violation(
            RULES.eventFormat,
            'outputFormat has no subject, and predictions do not go to Kafka.',
            "Write it as in subject: 'anomalies-value'.",
          ),
        ]),
  ];
}

function checkTensorInputs({ inputs }: StreamingConsumerProps): Violation[] {
  return inputs === undefined
    ? []
    : [
        violation(
          RULES.eventInputs,
          'inputs is set, and format is EventFormat.tensors().',
          'Remove inputs: a row of tensors has all of them, in the order of the model.',
        ),
      ];
}

function checkDeadLetters({ deadLetter, maxDeadLetterRatio, deadLetterWindow }: StreamingConsumerProps): Violation[] {
  const problems: string[] = [];
  if (maxDeadLetterRatio !== undefined && !(maxDeadLetterRatio >= 0 && maxDeadLetterRatio <= 1)) {
    problems.push(`maxDeadLetterRatio is ${quote(maxDeadLetterRatio)}.`);
  }
  if (
    deadLetterWindow !== undefined &&
    !(Number.isInteger(deadLetterWindow) && deadLetterWindow >= 1 && deadLetterWindow <= MOST_WINDOW)
  ) {
    problems.push(`deadLetterWindow is ${quote(deadLetterWindow)}.`);
  }
  if (deadLetter === undefined && (maxDeadLetterRatio !== undefined || deadLetterWindow !== undefined)) {
    problems.push('A share of dead letters is declared, and deadLetter is not.');
  }
  return problems.map((found) =>
    violation(
      RULES.deadLetterRatio,
      found,
      "Write for example { deadLetter: EventSink.kafka({ bootstrapServers: 'kafka:9092', topic: 'logs.dead-letter' }), maxDeadLetterRatio: 0.1 }.",
    ),
  );
}

function checkScale(props: StreamingConsumerProps, settings: StreamSettings): Violation[] {
  const { scaling, partitions } = settings;
  const found = checkReplicas(props, settings, true);
  if (partitions !== undefined && scaling.maxReplicas > partitions) {
    found.push(
      violation(
        RULES.replicasOfPartitions,
        `There are up to ${scaling.maxReplicas} replicas, and the topic has ${partitions} partitions.`,
        'Lower the number of replicas, or give the topic more partitions.',
      ),
    );
  }
  const { _source: source } = props.source;
  if (scaling._targetLag !== undefined && source.type === 'nats' && source.options.monitoringEndpoint === undefined) {
    found.push(
      violation(
        RULES.lagScaling,
        'scaling is Scaling.onLag, and source.monitoringEndpoint is not set.',
        "Write it as in monitoringEndpoint: 'nats.streams.svc:8222'.",
      ),
    );
  }
  return found;
}
