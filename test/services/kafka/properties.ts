/** Login to a broker that a test starts. */
export interface KafkaLogin {
  /** `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`. */
  readonly mechanism: string;
  readonly username: string;
  readonly password: string;
}

/** TLS of a broker that a test starts, as texts in PEM. */
export interface KafkaTls {
  readonly certificate: string;
  readonly key: string;

  /**
   * Authority of certificates that clients must show.
   *
   * @default - clients need none
   */
  readonly clientAuthority?: string;
}

/** What a broker is started with. */
export interface KafkaOptions {
  /**
   * Address that it listens on and tells its clients.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string;

  /**
   * A second listener, `secured`, where clients log in.
   *
   * @default - none, unless there is `tls`
   */
  readonly login?: KafkaLogin;

  /**
   * A second listener, `secured`, with TLS.
   *
   * @default - none, unless there is a `login`
   */
  readonly tls?: KafkaTls;

  /** Properties of the server beside those that a single broker for tests needs, for example `message.max.bytes`. */
  readonly properties?: Readonly<Record<string, string>>;

  /**
   * Options of the virtual machine.
   *
   * @default - a small heap, and a compiler that is soon done
   */
  readonly javaOptions?: readonly string[];

  /**
   * What it is run by, in front of `java`, for example `taskset`.
   *
   * @default - nothing
   */
  readonly through?: readonly string[];
}

/** Ports of one broker. */
export interface KafkaPorts {
  readonly plain: number;
  readonly controller: number;
  readonly secured: number;
}

const ONE_REPLICA = {
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
};

/** Nobody waits for members that come later, and nothing is made because somebody asks for it. */
const FOR_TESTS = {
  'group.initial.rebalance.delay.ms': '0',
  'auto.create.topics.enable': 'false',
  'log.cleaner.enable': 'false',
  // A broker that was killed comes back when the session of the old process has ended.
  'broker.session.timeout.ms': '1000',
  'broker.heartbeat.interval.ms': '200',
  // Tests stop consumers for longer than their sessions: short ones are allowed.
  'group.min.session.timeout.ms': '500',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
};

/** Text of the file `server.properties` of a broker that is its own controller. */
export function serverProperties(directory: string, ports: KafkaPorts, options: KafkaOptions): string {
  const { host = '127.0.0.1' } = options;
  const clients = [`PLAIN://${host}:${ports.plain}`];
  if (isSecured(options)) {
    clients.push(`SECURED://${host}:${ports.secured}`);
  }
  const all = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...clients, `CONTROLLER://127.0.0.1:${ports.controller}`].join(','),
    'advertised.listeners': clients.join(','),
    'listener.security.protocol.map': `PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:${securityOf(options)}`,
    'inter.broker.listener.name': 'PLAIN',
    'log.dirs': `${directory}/data`,
    ...ONE_REPLICA,
    ...FOR_TESTS,
    ...(options.login === undefined ? {} : login(options.login)),
    ...(options.tls === undefined ? {} : tls(options.tls)),
    ...options.properties,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${escaped(value)}\n`)
    .join('');
}

/** Whether there is a listener for `login` or `tls`. */
export function isSecured({ login: of, tls: by }: KafkaOptions): boolean {
  return of !== undefined || by !== undefined;
}

function securityOf({ login: of, tls: by }: KafkaOptions): string {
  return `${of === undefined ? '' : 'SASL_'}${by === undefined ? 'PLAINTEXT' : 'SSL'}`;
}

function login({ mechanism, username, password }: KafkaLogin): Record<string, string> {
  const listener = `listener.name.secured.${mechanism.toLowerCase()}`;
  const users = mechanism === 'PLAIN' ? ` user_${username}="${password}"` : '';
  const module = mechanism === 'PLAIN' ? 'plain.Plain' : 'scram.Scram';
  return {
    'listener.name.secured.sasl.enabled.mechanisms': mechanism,
    [`${listener}.sasl.jaas.config`]: `org.apache.kafka.common.security.${module}LoginModule required${users};`,
  };
}

function tls({ certificate, key, clientAuthority }: KafkaTls): Record<string, string> {
  const listener = 'listener.name.secured.ssl';
  const trust = {
    [`${listener}.client.auth`]: 'required',
    [`${listener}.truststore.type`]: 'PEM',
    [`${listener}.truststore.certificates`]: clientAuthority ?? '',
  };
  return {
    [`${listener}.keystore.type`]: 'PEM',
    [`${listener}.keystore.certificate.chain`]: certificate,
    [`${listener}.keystore.key`]: key,
    ...(clientAuthority === undefined ? {} : trust),
  };
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
