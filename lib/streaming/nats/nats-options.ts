import type { Duration } from 'cdk8s';
import type { ISecret, SecretValue } from 'cdk8s-plus-28';
import type { BrokerTls } from '../broker-tls';
import type { StartPosition } from '../start-position';

/** How a NATS server is reached. */
export interface NatsServerOptions {
  /**
   * Servers, `nats://host:port` or `tls://host:port`, several with commas between them: `nats://nats:4222`. The network policy lets
   * the pods connect to them.
   */
  readonly servers: string;

  /**
   * Speaks TLS to the servers.
   *
   * @default - what `tls://` and the server ask for
   */
  readonly tls?: BrokerTls;

  /**
   * File with credentials (JWT and seed), as a key of a Secret. Without `login`.
   *
   * @default - none
   */
  readonly credentials?: SecretValue;

  /**
   * Secret with the keys `username` and `password`, or `token`. Without `credentials`.
   *
   * @default - none
   */
  readonly login?: ISecret;
}

/** Options of {@link EventSource.nats}. */
export interface NatsSourceOptions extends NatsServerOptions {
  /** Name of the stream of JetStream. It must be there: it is not made. */
  readonly stream: string;

  /**
   * Subject that is taken of the stream, with wildcards.
   *
   * @default - all of it
   */
  readonly subject?: string;

  /** Name of the durable consumer, which is made when it is absent: what remembers how far messages are done. */
  readonly consumer: string;

  /**
   * Where a new consumer begins.
   *
   * @default StartPosition.EARLIEST
   */
  readonly startAt?: StartPosition;

  /**
   * A message that is not acknowledged for so long is delivered again. At least the drain time.
   *
   * @default Duration.minutes(1)
   */
  readonly ackWait?: Duration;

  /**
   * A message that was delivered more often is a dead letter: the pods that tried it died.
   *
   * @default 5
   */
  readonly maxDeliveries?: number;

  /**
   * Most messages without an acknowledgement, of all replicas together.
   *
   * @default - what the largest number of replicas has in work at a time, at least 10000
   */
  readonly maxAckPending?: number;

  /**
   * Address `host:port` of the monitoring of the server (often port 8222), which KEDA reads the lag from. Needed for
   * {@link Scaling.onLag}.
   *
   * @default - none
   */
  readonly monitoringEndpoint?: string;

  /**
   * Account that the stream is in, for {@link Scaling.onLag}.
   *
   * @default '$G'
   */
  readonly account?: string;
}

/** Options of {@link EventSink.nats}. */
export interface NatsSinkOptions extends NatsServerOptions {
  /** Subject that is published to, without wildcards. A stream of JetStream must hold it: that acknowledges messages. */
  readonly subject: string;
}
