import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import type { NatsServerConfig } from '../../contract';
import { exponentialDelay } from '../../scheduling';
import { errorMessage } from '../../telemetry';
import { type ClientContext, StreamError } from '../event';
import { lastingFault } from './faults';
import { loginOf } from './login';

/** How long a server that is away at the start is waited for, and how long one may refuse what it has allowed before. */
const PATIENCE_MILLIS = 60_000;

/** Longest time of one attempt to connect, and of one request. */
const CONNECT_MILLIS = 5000;
const REQUEST_MILLIS = 5000;

/** Pauses before the same is tried again. */
const FIRST_PAUSE_MILLIS = 50;
const MOST_PAUSE_MILLIS = 2000;

/** A connection on which pings are not answered for twice so long is dead. */
const PING_MILLIS = 3000;

/** Options of {@link NatsServer}. */
export interface NatsServerOptions {
  readonly config: NatsServerConfig;

  /** What is read or written there, for messages, for example `The stream 'EVENTS'`. */
  readonly subject: string;

  readonly context: ClientContext;

  /** @default 60000 */
  readonly patienceMillis?: number;
}

/** One connection to NATS servers with JetStream: what fails and may succeed later is asked again, without end. */
export class NatsServer {
  private connection: NatsConnection | undefined;
  private streams: JetStreamManager | undefined;
  private readonly patienceMillis: number;
  private readonly closing = new AbortController();
  private refusedSince: number | undefined;

  /** Why the last attempt to connect again was refused. */
  private refusal: unknown;
  private readonly listeners = new Set<(connected: boolean) => void>();
  private connected = false;

  /** Connects when it is started. */
  constructor(private readonly options: NatsServerOptions) {
    this.patienceMillis = options.patienceMillis ?? PATIENCE_MILLIS;
  }

  /**
   * Connects; waits for the server.
   *
   * @throws StreamError when it refuses, an Error when it does not answer within a minute
   */
  async start(): Promise<void> {
    const { connect } = require('@nats-io/transport-node') as typeof import('@nats-io/transport-node');
    const { jetstreamManager } = require('@nats-io/jetstream') as typeof import('@nats-io/jetstream');
    const options = this.connectionOptions();
    const end = performance.now() + this.patienceMillis;
    for (let attempt = 0; this.connection === undefined; attempt += 1) {
      this.closing.signal.throwIfAborted();
      try {
        this.connection = await connect(options);
      } catch (error) {
        const lasting = lastingFault(this.subject, error);
        if (lasting !== undefined) {
          throw lasting;
        }
        if (performance.now() > end) {
          throw new Error(
            `${this.subject} could not be reached for ${this.patienceMillis / 1000} s: ${errorMessage(error)}. Start the server, or correct servers.`,
            { cause: error },
          );
        }
        this.options.context.onRetry(error);
        await this.pause(attempt);
      }
    }
    this.connected = true;
    void this.follow(this.connection);
    this.streams = await jetstreamManager(this.connection, { timeout: REQUEST_MILLIS, checkAPI: false });
  }

  /** The connection. Only after the start. */
  get nats(): NatsConnection {
    if (this.connection === undefined) {
      throw new Error('the client is not started');
    }
    return this.connection;
  }

  /** Streams and their consumers. Only after the start. */
  get manager(): JetStreamManager {
    if (this.streams === undefined) {
      throw new Error('the client is not started');
    }
    return this.streams;
  }

  /** Tells when the connection is lost, and when there is one again. */
  onConnected(listener: (connected: boolean) => void): void {
    this.listeners.add(listener);
  }

  /**
   * Tries something until it succeeds.
   *
   * @param strict whether a refusal that lasts is an error at once: at the start
   * @throws StreamError when the server refuses, at the start or for a minute
   */
  async retry<T>(attempt: () => Promise<T>, strict = false): Promise<T> {
    for (let count = 0; ; count += 1) {
      try {
        const result = await this.whileConnected(attempt);
        this.refusedSince = undefined;
        return result;
      } catch (error) {
        this.closing.signal.throwIfAborted();
        if (error instanceof StreamError) {
          throw error;
        }
        const lasting = lastingFault(this.subject, this.refusal ?? error);
        const now = performance.now();
        if (lasting !== undefined) {
          this.refusedSince ??= now;
          if (strict || now - this.refusedSince > this.patienceMillis) {
            throw lasting;
          }
        }
        this.options.context.onRetry(error);
        await this.pause(count);
        this.closing.signal.throwIfAborted();
      }
    }
  }

  /** Gives the connection up. What is under way rejects. */
  async close(): Promise<void> {
    this.closing.abort(new Error('the client is closed'));
    await this.connection?.close();
  }

  private get subject(): string {
    return `${this.options.subject} of NATS at ${this.options.config.servers}`;
  }

  private connectionOptions(): ConnectionOptions {
    const { config, context } = this.options;
    const servers = config.servers.split(',').map((server) => server.trim());
    const { tls } = config;
    const wantsTls = tls !== undefined || servers.some((server) => server.startsWith('tls://'));
    return {
      servers: servers.map((server) => server.replace(/^\w+:\/\//, '')),
      name: `${context.consumer}/${context.member}`,
      authenticator: loginOf(config),
      timeout: CONNECT_MILLIS,
      pingInterval: PING_MILLIS,
      maxPingOut: 2,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      ignoreAuthErrorAbort: true,
      noAsyncTraces: true,
      ...(wantsTls ? { tls: { caFile: tls?.caPath, certFile: tls?.certificatePath, keyFile: tls?.keyPath } } : {}),
    };
  }

  /** Follows what becomes of the connection, until it is closed. */
  private async follow(connection: NatsConnection): Promise<void> {
    const { logger } = this.options.context;
    for await (const status of connection.status()) {
      switch (status.type) {
        case 'disconnect':
          logger.warn({ server: status.server }, 'the connection to NATS is lost');
          this.tell(false);
          break;
        case 'reconnect':
          logger.info({ server: status.server }, 'connected to NATS again');
          this.refusal = undefined;
          this.tell(true);
          break;
        case 'error':
          logger.warn({ reason: status.error.message }, 'NATS refuses');
          if (/authori[sz]ation|authentication/i.test(status.error.message)) {
            this.refusal = status.error;
          }
          break;
      }
    }
  }

  /** Tries something as long as there is a connection: no answer comes on another one. */
  private async whileConnected<T>(attempt: () => Promise<T>): Promise<T> {
    const { signal } = this.closing;
    if (!this.connected) {
      await this.change(AbortSignal.any([signal, AbortSignal.timeout(MOST_PAUSE_MILLIS)]));
    }
    if (!this.connected) {
      throw new Error('there is no connection');
    }
    const done = new AbortController();
    const lost = this.change(AbortSignal.any([signal, done.signal])).then(() => {
      throw new Error('the connection was lost');
    });
    lost.catch(() => undefined);
    try {
      return await Promise.race([attempt(), lost]);
    } finally {
      done.abort();
    }
  }

  /** Resolves when a connection is made or lost, or at the signal. */
  private change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.listeners.delete(done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.listeners.add(done);
    });
  }

  private tell(connected: boolean): void {
    this.connected = connected;
    for (const listener of [...this.listeners]) {
      listener(connected);
    }
  }

  private async pause(attempt: number): Promise<void> {
    const millis = exponentialDelay(attempt, FIRST_PAUSE_MILLIS, MOST_PAUSE_MILLIS);
    await sleep(millis, undefined, this.closing).catch(() => undefined);
  }
}
