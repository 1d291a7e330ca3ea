import { ROLES } from '../contract';
import type { EnvironmentVariable, Json, Scaling } from '../kubernetes';
import { type TlsFile, tlsFiles } from './broker-tls';
import type { EventSource } from './event-source';
import type { KafkaLogin, KafkaSourceOptions } from './kafka';
import type { NatsSourceOptions } from './nats';
import type { RedisStreamSourceOptions } from './redis-stream';

/** What KEDA asks for the lag of a source, and how it logs in there. */
export interface LagTrigger {
  readonly type: 'kafka' | 'redis-streams' | 'nats-jetstream';
  readonly metadata: { readonly [name: string]: string };
  /** `spec` of a TriggerAuthentication. Absent = none is needed. */
  readonly authentication?: Json;
}

/** A key of an object that KEDA reads a parameter from. */
interface ParameterSource {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly key: string;
}

/** Clients of brokers 4.0 and newer have to speak a protocol of 2.1 or newer; KEDA's default is 1.0. */
const KAFKA_VERSION = '2.8.0';

const SASL: { readonly [mechanism: string]: string } = {
  PLAIN: 'plaintext',
  'SCRAM-SHA-256': 'scram_sha256',
  'SCRAM-SHA-512': 'scram_sha512',
};

/** KEDA takes a user name of Kafka from a Secret or the environment of the container alone. */
const USERNAME_VARIABLE = 'STREAM_SOURCE_USERNAME';

const DEFAULT_ACCOUNT = '$G';

/** Environment variables of the container that KEDA reads. */
export function scalerVariables({ _source: source }: EventSource, scaling: Scaling): EnvironmentVariable[] {
  return source.type === 'kafka' && source.options.login !== undefined && scaling._targetLag !== undefined
    ? [{ name: USERNAME_VARIABLE, value: source.options.login._username }]
    : [];
}

/**
 * The trigger of a source.
 *
 * @see https://keda.sh/docs/latest/scalers/
 */
export function lagTrigger({ _source: source }: EventSource, target: number): LagTrigger {
  switch (source.type) {
    case 'kafka':
      return kafkaTrigger(source.options, target);
    case 'redis-stream':
      return redisTrigger(source.options, target);
    case 'nats':
      return natsTrigger(source.options, target);
  }
}

function kafkaTrigger({ bootstrapServers, topic, group, tls, login }: KafkaSourceOptions, target: number): LagTrigger {
  return {
    type: 'kafka',
    metadata: {
      bootstrapServers,
      consumerGroup: group,
      topic,
      version: KAFKA_VERSION,
      lagThreshold: String(target),
      activationLagThreshold: '0',
      // A group without a position counts as one event, whatever the topic holds: enough for a first replica.
      offsetResetPolicy: 'latest',
      allowIdleConsumers: 'false',
      limitToPartitionsWithLag: 'true',
      ...(tls === undefined ? {} : { tls: 'enable' }),
      ...(login === undefined ? {} : { sasl: SASL[login._mechanism] ?? 'none' }),
    },
    authentication: authentication(
      [
        ...(tls === undefined ? [] : tlsFiles(tls).map(tlsParameter)),
        ...(login === undefined ? [] : [password(login)]),
      ],
      login === undefined ? [] : [{ parameter: 'username', name: USERNAME_VARIABLE, containerName: ROLES.stream }],
    ),
  };
}

function redisTrigger(options: RedisStreamSourceOptions, target: number): LagTrigger {
  const { address, database = 0, username, password: secret, tls, stream, group } = options;
  const parameters: Parameter[] = [
    ...(secret === undefined
      ? []
      : [{ parameter: 'password', kind: 'Secret' as const, name: secret.secret.name, key: secret.key }]),
    ...(tls === undefined ? [] : tlsFiles({ ca: tls.ca }).map(tlsParameter)),
  ];
  return {
    type: 'redis-streams',
    metadata: {
      address,
      stream,
      consumerGroup: group,
      lagCount: String(target),
      activationLagCount: '0',
      databaseIndex: String(database),
      ...(username === undefined ? {} : { username }),
      ...(tls === undefined ? {} : { enableTLS: 'true' }),
    },
    authentication: authentication(parameters, []),
  };
}

function natsTrigger(options: NatsSourceOptions, target: number): LagTrigger {
  const { stream, consumer, monitoringEndpoint = '', account = DEFAULT_ACCOUNT } = options;
  return {
    type: 'nats-jetstream',
    metadata: {
      natsServerMonitoringEndpoint: monitoringEndpoint,
      account,
      stream,
      consumer,
      lagThreshold: String(target),
      activationLagThreshold: '0',
      useHttps: 'false',
    },
  };
}

interface Parameter extends ParameterSource {
  readonly parameter: string;
}

function tlsParameter({ use, ...source }: TlsFile): Parameter {
  return { parameter: use, ...source };
}

function password({ _password: { secret, key } }: KafkaLogin): Parameter {
  return { parameter: 'password', kind: 'Secret', name: secret.name, key };
}

function authentication(parameters: Parameter[], env: Json[]): Json | undefined {
  const ofKind = (wanted: ParameterSource['kind']) => {
    const found = parameters.filter(({ kind }) => kind === wanted);
    return found.length === 0 ? undefined : found.map(({ parameter, name, key }) => ({ parameter, name, key }));
  };
  return parameters.length + env.length === 0
    ? undefined
    : {
        secretTargetRef: ofKind('Secret'),
        configMapTargetRef: ofKind('ConfigMap'),
        env: env.length === 0 ? undefined : env,
      };
}
