import type * as contract from '../contract';
import { STREAM_SCHEMA } from '../contract';
import { isObject, quote } from '../kubernetes';
import { predictionColumns, redisServer } from './batch-config-schema';
import {
  type Check,
  type ConfigProblem,
  flag,
  is,
  list,
  number,
  oneOf,
  path,
  plain,
  port,
  positive,
  problem,
  shape,
  share,
  text,
  texts,
} from './config-checks';
import { model } from './config-schema';

/** Problems of the parsed configuration of a streaming consumer; none when the runtime of this version accepts it. */
export function streamConfigProblems(config: unknown): ConfigProblem[] {
  return streamConfig(config, 'config');
}

const clientTls = shape<contract.ClientTlsConfig>({ caPath: path, certificatePath: path, keyPath: path }, [
  'caPath',
  'certificatePath',
  'keyPath',
]);
const startAt = oneOf('earliest', 'latest');

const cluster = {
  type: oneOf('kafka'),
  bootstrapServers: text,
  tls: clientTls,
  sasl: shape<contract.KafkaSaslConfig>({
    mechanism: oneOf('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'),
    username: text,
    passwordPath: path,
  }),
  topic: text,
};
const redis = { type: oneOf('redis-stream'), ...redisServer.checks, stream: text, valueField: text, keyField: text };
const nats = { type: oneOf('nats'), servers: text, credentialsPath: path, loginPath: path, tls: clientTls };

const source = ofType({
  kafka: shape<contract.KafkaSourceConfig>(
    {
      ...cluster,
      group: text,
      startAt,
      staticMembership: flag,
      sessionTimeoutMillis: positive,
      maxPollIntervalMillis: positive,
    },
    ['tls', 'sasl'],
  ),
  'redis-stream': shape<contract.RedisStreamSourceConfig>(
    { ...redis, group: text, startAt, claimIdleMillis: positive, maxDeliveries: positive },
    [...redisServer.optional, 'keyField'],
  ),
  nats: shape<contract.NatsSourceConfig>(
    {
      ...nats,
      stream: text,
      subject: text,
      consumer: text,
      startAt,
      ackWaitMillis: positive,
      maxDeliveries: positive,
      maxAckPending: positive,
    },
    ['credentialsPath', 'loginPath', 'tls', 'subject'],
  ),
});

const sink = ofType({
  kafka: shape<contract.KafkaSinkConfig>(
    { ...cluster, lingerMillis: number, compression: oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd') },
    ['tls', 'sasl'],
  ),
  'redis-stream': shape<contract.RedisStreamSinkConfig>({ ...redis, maxLength: positive }, [
    ...redisServer.optional,
    'keyField',
    'maxLength',
  ]),
  nats: shape<contract.NatsSinkConfig>({ ...nats, subject: text }, ['credentialsPath', 'loginPath', 'tls']),
  http: shape<contract.HttpSinkConfig>(
    {
      type: oneOf('http'),
      url: text,
      authorizationPath: path,
      caPath: path,
      timeoutMillis: positive,
      maxConcurrency: positive,
    },
    ['authorizationPath', 'caPath'],
  ),
});

const format = oneOf('json', 'cloudevents', 'avro', 'protobuf', 'tensor');
const schemaRegistry = shape<contract.SchemaRegistryConfig>({ url: text, credentialsPath: path, caPath: path }, [
  'credentialsPath',
  'caPath',
]);

const streamConfig = shape<contract.StreamConfig>(
  {
    schema: is((value) => value === STREAM_SCHEMA, quote(STREAM_SCHEMA)),
    name: text,
    models: (value, where) =>
      Array.isArray(value) && value.length > 0
        ? list(model)(value, where)
        : [problem(where, value, 'a list of at least one model')],
    source,
    sink,
    deadLetter: sink,
    delivery: oneOf('at-least-once', 'exactly-once'),
    input: shape<contract.EventInputConfig>(
      {
        format,
        schemaRegistry,
        inputs: list(shape<contract.EventFieldsConfig>({ input: text, pointers: texts, missing: plain }, ['missing'])),
      },
      ['schemaRegistry', 'inputs'],
    ),
    output: shape<contract.EventOutputConfig>(
      {
        format,
        mode: oneOf('structured', 'binary'),
        eventType: text,
        schemaRegistry,
        subject: text,
        predictions: predictionColumns,
        passThrough: list(shape<contract.PassThroughFieldConfig>({ name: text, pointer: text })),
        keyPointer: text,
        headers: texts,
      },
      ['mode', 'eventType', 'schemaRegistry', 'subject', 'predictions', 'keyPointer', 'headers'],
    ),
    batching: shape<contract.MicroBatchingConfig>({ maxRows: positive, maxBytes: positive, maxDelayMillis: number }),
    maxInFlight: positive,
    maxDeadLetterRatio: share,
    deadLetterWindow: positive,
    maxEventBytes: positive,
    stuckAfterMillis: positive,
    metricsPort: port,
    drainTimeoutMillis: positive,
  },
  ['sink', 'deadLetter'],
);

/** One of several kinds, told by `type`. */
function ofType(kinds: { readonly [type: string]: Check }): Check {
  return (value, where) => {
    const check = isObject(value) ? kinds[String(value.type)] : undefined;
    return check?.(value, where) ?? [problem(where, value, `one of the types ${Object.keys(kinds).join(', ')}`)];
  };
}
