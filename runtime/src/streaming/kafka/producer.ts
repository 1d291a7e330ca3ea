import type { RdKafka } from '@confluentinc/kafka-javascript';
import type { KafkaSinkConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import type { ClientContext } from '../event';
import { connectionProperties, type Properties } from './cluster';
import { called, codeOf, loadLibrary } from './library';
import { RecordWriter } from './record-writer';

const CONNECT_MILLIS = 10_000;
const DISCONNECT_MILLIS = 5000;

/** Bounds of what waits in the client; a micro-batch that is larger goes in parts. */
const QUEUED_KBYTES = 16 * 1024;
const QUEUED_RECORDS = 100_000;

/** The brokers decide what is too large: by default one megabyte, but topics may allow more. */
const RECORD_BYTES = QUEUED_KBYTES * 1024;

/** Connects a producer. @param more properties beyond those of every producer */
export async function openProducer(
  config: KafkaSinkConfig,
  context: ClientContext,
  more: Properties = {},
): Promise<RecordWriter> {
  const { Producer } = loadLibrary();
  const properties = {
    ...connectionProperties(config, context.consumer),
    'enable.idempotence': true,
    'linger.ms': config.lingerMillis,
    'compression.codec': config.compression,
    'queue.buffering.max.kbytes': QUEUED_KBYTES,
    'queue.buffering.max.messages': QUEUED_RECORDS,
    'message.max.bytes': RECORD_BYTES,
    dr_msg_cb: true,
    'delivery.report.only.error': true,
    ...more,
  };
  const producer = new Producer(
    properties as unknown as RdKafka.ProducerGlobalConfig,
    {
      // Keys go to the partitions that clients in Java choose.
      partitioner: 'murmur2_random',
      ...('transactional.id' in more ? {} : { 'message.timeout.ms': 0 }),
    } as unknown as RdKafka.ProducerTopicConfig,
  );
  producer.on('event.error', (error) => {
    context.onRetry(error);
    context.logger.debug({ reason: errorMessage(error), code: codeOf(error) }, 'Kafka sink: a fault that may pass');
  });
  await called((done) => producer.connect({ topic: config.topic, timeout: CONNECT_MILLIS }, done));
  producer.setPollInBackground(true);
  return new RecordWriter(producer, context.onRetry);
}

/** Disconnects a producer; one that does not come to an end is left to itself. */
export async function closeProducer({ producer }: RecordWriter): Promise<void> {
  await new Promise<void>((resolve) => {
    const limit = setTimeout(resolve, 2 * DISCONNECT_MILLIS);
    limit.unref();
    try {
      producer.disconnect(DISCONNECT_MILLIS, () => {
        clearTimeout(limit);
        resolve();
      });
    } catch {
      clearTimeout(limit);
      resolve(); // it was not connected
    }
  });
}
