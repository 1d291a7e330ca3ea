import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Kafka } from '../../test/services/kafka';
import { freePort } from '../../test/support/free-port';
import type { Contender, Topics } from './consumers';
import { connectProducer, requestOf } from './events';

const CACHE = join(__dirname, '../.cache');
const MLSERVER = join(CACHE, 'venv-mlserver/bin/mlserver');
const PEERS = join(__dirname, '../peers');

/** Name of the model, which each event must have as a header. */
const MODEL = 'mlp';

/** Between two looks whether events are read. */
const PROBE_MILLIS = 1000;
const PROBES = 60;

/**
 * MLServer's Kafka mode. It reads what comes after its start, without a group: its events are written when it reads. The answer to an event
 * has its key as the id, or else the id of the request. It takes all that comes at once, and drops answers that its producer has no room
 * for in time: of 15 000 events at once 12 000 were lost, so it gets few.
 *
 * @param model file of the model
 */
export function mlserver(model: string): Contender {
  return {
    name: 'MLServer',
    command: async (topics) => ({
      args: [MLSERVER, 'start', await settings(topics, model)],
      env: { PYTHONPATH: [join(PEERS, 'mlserver'), PEERS].join(':') },
    }),
    value: requestOf,
    share: 0.01,
    commits: false,
    idOf: idOfAnswer,
    feed,
  };
}

function idOfAnswer(output: string): number {
  return Number((JSON.parse(output) as { id: string }).id);
}

async function settings(topics: Topics, model: string): Promise<string> {
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const folder = join(CACHE, 'streaming/mlserver');
  mkdirSync(folder, { recursive: true });
  // It logs a line for each event unless it is told not to.
  const logging = { version: 1, disable_existing_loggers: false, root: { level: 'WARNING' } };
  const server = {
    kafka_enabled: true,
    kafka_servers: topics.bootstrapServers,
    kafka_topic_input: topics.input,
    kafka_topic_output: topics.output,
    http_port: http,
    grpc_port: grpc,
    metrics_port: metrics,
    host: '127.0.0.1',
    parallel_workers: 0,
    debug: false,
    logging_settings: { ...logging, loggers: { mlserver: { level: 'WARNING' } } },
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(server));
  const parameters = { uri: model, version: 'v1' };
  const served = { name: MODEL, implementation: 'server.OnnxRuntime', parameters };
  writeFileSync(join(folder, 'model-settings.json'), JSON.stringify(served));
  return folder;
}

/** Writes events as soon as all partitions are read: until then probes, with ids below zero. */
async function feed(kafka: Kafka, { input, output }: Topics, events: number, partitions: number): Promise<void> {
  const { producer, close } = await connectProducer(kafka.bootstrapServers, 5);
  const write = (id: number, value: string, partition: number) =>
    producer.produce(input, partition, Buffer.from(value), `${id}`, undefined, undefined, [
      { 'mlserver-model': MODEL },
    ]);
  const isRead = async () => {
    const read = new Set<number>();
    await kafka.client.forEachRecord(output, ({ value }) => read.add(idOfAnswer(`${value}`)));
    return read.size === partitions;
  };
  try {
    for (let probe = 0; !(await isRead()); probe++) {
      if (probe === PROBES) {
        throw new Error('MLServer does not answer what comes');
      }
      for (let partition = 0; partition < partitions; partition++) {
        write(-1 - partition, requestOf(partition), partition);
      }
      producer.poll();
      await wait(PROBE_MILLIS);
    }
    for (let id = 0; id < events; id++) {
      write(id, requestOf(id), id % partitions);
      if (id % 1000 === 0) {
        producer.poll();
        await wait(0);
      }
    }
  } finally {
    await close();
  }
}
