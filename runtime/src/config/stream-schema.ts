import * as z from 'zod';
import { type EventSinkConfig, type EventSourceConfig, STREAM_SCHEMA, type StreamConfig } from '../contract';
import { ConfigurationError } from './error';
import { redisTlsSchema } from './features-schema';
import { withContainerPaths, withStandIns } from './in-sandbox';
import { predictionSchema } from './prediction-schema';
import { problemsOf } from './problems';
import { currentSandbox, type Sandbox } from './sandbox';
import { mirrors, modelSchema } from './schema';
import { standInAddress } from './stand-in';
import {
  absolutePath,
  type FieldViolation,
  hostAndPort,
  httpUrl,
  milliseconds,
  name,
  oneOf,
  rule,
  text,
  violationsOf,
  wholeNumber,
} from './values';

const MANY = 2 ** 31 - 1;
const MOST_BYTES = 1024 ** 3;
const FORMATS = ['json', 'cloudevents', 'avro', 'protobuf', 'tensor'];
const WITH_REGISTRY = ['avro', 'protobuf'];
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** `host:port`, several separated by commas. */
const brokers = rule(
  (value) => value.split(',').every((each) => hostAndPort.safeParse(each.trim()).success),
  'is host:port, several separated by commas',
  'For example kafka-0.kafka:9092,kafka-1.kafka:9092.',
);

const natsServers = rule(
  (value) => value.split(',').every((each) => /^(nats|tls):\/\/[^/\s@]+$/.test(each.trim())),
  'is nats://host:port or tls://host:port, several separated by commas',
  'For example nats://nats.messaging:4222.',
);

const pointer = rule(
  (value) => value === '' || /^(\/([^~]|~[01])*)$/.test(value),
  'is a JSON pointer',
  'For example /features/0; ~ is written ~0, and / in a name ~1.',
);

const startAt = oneOf(['earliest', 'latest']);

const clientTls = violationsOf(
  z
    .strictObject({
      caPath: absolutePath.optional(),
      certificatePath: absolutePath.optional(),
      keyPath: absolutePath.optional(),
    })
    .readonly(),
  ({ certificatePath, keyPath }) =>
    (certificatePath === undefined) === (keyPath === undefined)
      ? []
      : [{ path: 'keyPath', rule: 'stands beside certificatePath', fix: 'Name both files, or none.' }],
);

const cluster = {
  type: z.literal('kafka'),
  bootstrapServers: brokers,
  tls: clientTls.optional(),
  sasl: z
    .strictObject({ mechanism: oneOf(MECHANISMS), username: text, passwordPath: absolutePath })
    .readonly()
    .optional(),
  topic: text,
};

const redisStream = {
  type: z.literal('redis-stream'),
  address: hostAndPort,
  database: wholeNumber(0, 65_535).optional(),
  username: text.optional(),
  passwordPath: absolutePath.optional(),
  tls: redisTlsSchema.optional(),
  stream: text,
  valueField: text,
  keyField: text.optional(),
};

const nats = {
  type: z.literal('nats'),
  servers: natsServers,
  credentialsPath: absolutePath.optional(),
  loginPath: absolutePath.optional(),
  tls: clientTls.optional(),
};

const source = z.discriminatedUnion('type', [
  z
    .strictObject({
      ...cluster,
      group: text,
      startAt,
      staticMembership: z.boolean(),
      sessionTimeoutMillis: milliseconds,
      maxPollIntervalMillis: milliseconds,
    })
    .readonly(),
  z
    .strictObject({
      ...redisStream,
      group: text,
      startAt,
      claimIdleMillis: milliseconds,
      maxDeliveries: wholeNumber(1, MANY),
    })
    .readonly(),
  z
    .strictObject({
      ...nats,
      stream: text,
      subject: text.optional(),
      consumer: text,
      startAt,
      ackWaitMillis: milliseconds,
      maxDeliveries: wholeNumber(1, MANY),
      maxAckPending: wholeNumber(1, MANY),
    })
    .readonly(),
]);

const sink = z.discriminatedUnion('type', [
  z.strictObject({ ...cluster, lingerMillis: wholeNumber(0, 900_000), compression: oneOf(COMPRESSIONS) }).readonly(),
  z.strictObject({ ...redisStream, maxLength: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional() }).readonly(),
  z.strictObject({ ...nats, subject: text }).readonly(),
  z
    .strictObject({
      type: z.literal('http'),
      url: httpUrl,
      authorizationPath: absolutePath.optional(),
      caPath: absolutePath.optional(),
      timeoutMillis: milliseconds,
      maxConcurrency: wholeNumber(1, 10_000),
    })
    .readonly(),
]);

const registry = z
  .strictObject({ url: httpUrl, credentialsPath: absolutePath.optional(), caPath: absolutePath.optional() })
  .readonly();

const input = violationsOf(
  z
    .strictObject({
      format: oneOf(FORMATS),
      schemaRegistry: registry.optional(),
      inputs: z
        .array(
          z
            .strictObject({
              input: text,
              pointers: z.array(pointer).min(1),
              missing: z.union([z.number(), z.string(), z.boolean()]).optional(),
            })
            .readonly(),
        )
        .optional(),
    })
    .readonly(),
  (value) => [
    ...registryViolations(value),
    ...((value.inputs === undefined) === (value.format === 'tensor')
      ? []
      : [
          {
            path: 'inputs',
            rule:
              value.format === 'tensor' ? 'is absent for the format tensor' : `is given for the format ${value.format}`,
            fix: 'Events of the format tensor are the inputs themselves; all others have fields.',
          },
        ]),
  ],
);

const output = violationsOf(
  z
    .strictObject({
      format: oneOf(FORMATS),
      mode: oneOf(['structured', 'binary']).optional(),
      eventType: text.optional(),
      schemaRegistry: registry.optional(),
      subject: text.optional(),
      predictions: z.array(predictionSchema).min(1).optional(),
      passThrough: z.array(z.strictObject({ name: text, pointer }).readonly()),
      keyPointer: pointer.optional(),
      headers: z.array(text).optional(),
    })
    .readonly(),
  (value) => [
    ...registryViolations(value),
    ...[...value.passThrough, ...(value.predictions ?? [])]
      .map((field) => field.name)
      .flatMap((field, index, all) =>
        all.indexOf(field) < index
          ? [{ path: 'predictions', rule: `name no field twice ('${field}', with passThrough)`, fix: 'Rename it.' }]
          : [],
      ),
  ],
);

const config = z
  .strictObject({
    schema: rule(
      (schema) => schema === STREAM_SCHEMA,
      `is '${STREAM_SCHEMA}'`,
      'Use the runtime image that belongs to the version of the library that wrote this file.',
    ),
    name,
    models: z.array(modelSchema).min(1),
    source,
    sink: sink.optional(),
    deadLetter: sink.optional(),
    delivery: oneOf(['at-least-once', 'exactly-once']),
    input,
    output,
    batching: z
      .strictObject({
        maxRows: wholeNumber(1, 1_000_000),
        maxBytes: wholeNumber(1, MOST_BYTES),
        maxDelayMillis: wholeNumber(0, 600_000),
      })
      .readonly(),
    maxInFlight: wholeNumber(1, 10_000),
    maxDeadLetterRatio: z.number().min(0).max(1),
    deadLetterWindow: wholeNumber(1, 10_000_000),
    maxEventBytes: wholeNumber(1, MOST_BYTES),
    stuckAfterMillis: milliseconds,
    metricsPort: wholeNumber(1, 65_535),
    drainTimeoutMillis: milliseconds,
  })
  .readonly();

/** The contract's {@link StreamConfig}, with the rules that tie its fields together. */
const streamSchema = violationsOf(mirrors<StreamConfig>()(config), (value) => [
  ...(value.delivery === 'exactly-once' ? transactionViolations(value) : []),
  ...(
    [
      ['deadLetter', value.deadLetter],
      ['sink', value.sink],
    ] as const
  ).flatMap(([path, each]) =>
    each !== undefined && placeOf(each) === placeOf(value.source)
      ? [{ path, rule: 'is another place than the source', fix: 'Name another one: this one would feed itself.' }]
      : [],
  ),
  ...fallbackViolations(value),
]);

/**
 * Checks a configuration of a streaming consumer that is already parsed.
 *
 * @returns the configuration, with the paths, ports and servers of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function checkedStreamConfig(value: unknown, subject: string): StreamConfig {
  const parsed = streamSchema.safeParse(value);
  if (!parsed.success) {
    throw new ConfigurationError(subject, problemsOf(parsed.error.issues, value));
  }
  const sandbox = currentSandbox();
  if (sandbox === undefined) {
    return parsed.data;
  }
  const { source: from, sink: to, deadLetter, metricsPort } = parsed.data;
  return withStandIns(
    withContainerPaths({
      ...parsed.data,
      source: withBrokers(from, sandbox),
      ...(to === undefined ? {} : { sink: withBrokers(to, sandbox) }),
      ...(deadLetter === undefined ? {} : { deadLetter: withBrokers(deadLetter, sandbox) }),
      metricsPort: sandbox.ports[metricsPort] ?? 0,
    }),
    sandbox,
  );
}

function registryViolations({
  format,
  schemaRegistry,
}: {
  readonly format: string;
  readonly schemaRegistry?: unknown;
}): FieldViolation[] {
  return (schemaRegistry !== undefined) === WITH_REGISTRY.includes(format)
    ? []
    : [
        {
          path: 'schemaRegistry',
          rule: `is ${schemaRegistry === undefined ? 'given' : 'absent'} for the format ${format}`,
          fix: 'Schemas of avro and protobuf come from a registry; other formats have none.',
        },
      ];
}

function transactionViolations({ source: from, sink: to, deadLetter }: StreamConfig): FieldViolation[] {
  const places = [to, deadLetter].filter((each) => each !== undefined);
  const isOne =
    from.type === 'kafka' &&
    places.length > 0 &&
    places.every((each) => each.type === 'kafka' && serversOf(each) === serversOf(from));
  return isOne
    ? []
    : [
        {
          path: 'delivery',
          rule: 'is exactly-once only where source, sink and dead letters are on one Kafka cluster',
          fix: 'Declare at-least-once; inside one Redis that writes each prediction once as well.',
        },
      ];
}

function fallbackViolations({ models }: StreamConfig): FieldViolation[] {
  return models.flatMap(({ fallback }, index) => {
    const { name: wanted, version } = fallback?.model ?? {};
    return wanted === undefined || models.some((other) => other.name === wanted && other.version === version)
      ? []
      : [
          {
            path: `models[${index}].fallback.model`,
            rule: 'is another model of this configuration',
            fix: 'Add that model to the configuration.',
          },
        ];
  });
}

function serversOf({ bootstrapServers }: { readonly bootstrapServers: string }): string {
  return bootstrapServers
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .sort()
    .join();
}

/** Where events lie; texts of different places differ. */
function placeOf(place: EventSourceConfig | EventSinkConfig): string {
  switch (place.type) {
    case 'kafka':
      return `kafka ${serversOf(place)} ${place.topic}`;
    case 'redis-stream':
      return `redis ${place.address} ${place.database ?? 0} ${place.stream}`;
    case 'nats':
      return `nats ${place.servers} ${place.subject ?? ''}`;
    case 'http':
      return `http ${place.url}`;
  }
}

/** A source or sink with the brokers of this machine in place of those that it names. */
function withBrokers<T extends EventSourceConfig | EventSinkConfig>(place: T, sandbox: Sandbox): T {
  if (place.type === 'kafka') {
    return { ...place, bootstrapServers: each(place.bootstrapServers, (server) => standInAddress(server, sandbox)) };
  }
  if (place.type === 'nats') {
    return {
      ...place,
      servers: each(place.servers, (server) => {
        const [scheme, address] = server.split('://');
        return `${scheme}://${standInAddress(address ?? '', sandbox)}`;
      }),
    };
  }
  return place;
}

function each(list: string, change: (item: string) => string): string {
  return list
    .split(',')
    .map((item) => change(item.trim()))
    .join(',');
}
