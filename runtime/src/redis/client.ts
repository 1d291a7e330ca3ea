import { setImmediate as turn } from 'node:timers/promises';
import { exponentialDelay } from '../scheduling';
import { errorMessage, type Logger } from '../telemetry';
import { openRedisConnection, type RedisAddress, type RedisConnection } from './connection';
import { RedisError } from './error';
import type { Questions } from './questions';

/** Options of {@link RedisClient}. */
export interface RedisClientOptions {
  readonly connection: RedisAddress;

  /** What the server is to this process, for logs, for example `feature store`. */
  readonly role: string;
  readonly logger: Logger;

  /** Learns when a connection is there or gone. */
  readonly onConnected?: (connected: boolean) => void;
}

/** Delays between attempts to connect. The first attempt after a connection that worked has none. */
const FIRST_DELAY_MILLIS = 50;
const MOST_DELAY_MILLIS = 2000;

/** A connection that ends sooner did not work. */
const SHORT_LIFE_MILLIS = 1000;

/** A connection on which nothing arrives for so long, though something should, is dead. */
const SILENCE_MILLIS = 1000;

/** An error that lasts is logged again after this time. */
const LOG_AGAIN_MILLIS = 60_000;

/** So many commands are sent in one turn of the event loop. */
const COMMANDS_A_TURN = 1024;

/**
 * Keeps one connection to a Redis server, on which commands are pipelined, and makes a new one when it is lost or silent.
 * While there is none, questions fail at once.
 */
export class RedisClient {
  private connection: RedisConnection | undefined;
  private closed = false;
  private readonly closing = new AbortController();
  private lastReply = 0;
  private silenceCheck: NodeJS.Timeout | undefined;
  private readonly waiters = new Set<() => void>();
  private logged: { reason: string; at: number } | undefined;
  private lastRefusal: unknown;

  private readonly tried: Promise<void>;

  /** Begins to connect. */
  constructor(private readonly options: RedisClientOptions) {
    this.tried = new Promise((resolve) => {
      void this.keepConnected(resolve);
    });
  }

  /** Resolves when the first attempt to connect has ended, well or not, or the time is over. */
  async firstAttempt(withinMillis: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMillis);
    });
    await Promise.race([this.tried, tooLong]);
    clearTimeout(timer);
  }

  /** Whether the server can be asked. */
  get connected(): boolean {
    return this.connection !== undefined;
  }

  /** Why the last attempt to connect failed; undefined when it did not. */
  get refusal(): unknown {
    return this.lastRefusal;
  }

  /**
   * Sends commands in one round trip.
   *
   * @throws RedisError when some commands have no reply
   */
  async ask(questions: Questions): Promise<void> {
    const { connection } = this;
    if (connection === undefined) {
      throw new RedisError('there is no connection', true);
    }
    const { commands, replies, asBytes = false } = questions;
    const sent: Promise<void>[] = [];
    let failure: unknown;
    for (let index = 0; index < commands.length; index += 1) {
      if (sent.length > 0 && sent.length % COMMANDS_A_TURN === 0) {
        await turn();
      }
      if (questions.over) {
        break;
      }
      if (replies[index] === undefined) {
        sent.push(
          connection.send(commands[index], asBytes).then(
            (reply) => {
              this.lastReply = performance.now();
              replies[index] = reply;
            },
            (error: unknown) => {
              if (isWrongType(error)) {
                this.lastReply = performance.now();
                replies[index] = 'invalid';
              } else {
                failure ??= error;
              }
            },
          ),
        );
      }
    }
    await Promise.all(sent);
    if (failure !== undefined) {
      throw this.redisError(failure, connection);
    }
  }

  /** Resolves when the server can be asked, or the time is over: then with false. */
  whenConnected(withinMillis: number): Promise<boolean> {
    if (this.connected || this.closed || withinMillis <= 0) {
      return Promise.resolve(this.connected);
    }
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        this.waiters.delete(settle);
        resolve(this.connected);
      };
      const timer = setTimeout(settle, withinMillis);
      this.waiters.add(settle);
    });
  }

  /** A reply did not come in time: when nothing comes for a while, the connection is given up. */
  suspect(): void {
    const { connection } = this;
    if (connection === undefined || this.silenceCheck !== undefined) {
      return;
    }
    const since = performance.now();
    this.silenceCheck = setTimeout(() => {
      this.silenceCheck = undefined;
      if (this.connection === connection && this.lastReply < since) {
        connection.destroy();
      }
    }, SILENCE_MILLIS);
    this.silenceCheck.unref();
  }

  /** Gives the present connection up and makes another: its address may lead to another server by now. */
  reconnect(): void {
    this.connection?.destroy();
  }

  /** Gives the connection up, for good. */
  close(): void {
    this.closed = true;
    clearTimeout(this.silenceCheck);
    this.closing.abort();
    this.connection?.destroy();
  }

  /** Connects, again and again, until it is closed. Never rejects. */
  private async keepConnected(tried: () => void): Promise<void> {
    let attempt = 0;
    while (!this.closed) {
      const connection = await this.connect();
      if (connection === undefined) {
        tried();
        attempt += 1;
      } else {
        const opened = performance.now();
        const used = this.use(connection);
        tried();
        await used;
        attempt = performance.now() - opened > SHORT_LIFE_MILLIS ? 0 : attempt + 1;
      }
      if (attempt > 0 && !this.closed) {
        await this.pause(exponentialDelay(attempt - 1, FIRST_DELAY_MILLIS, MOST_DELAY_MILLIS));
      }
    }
  }

  private async connect(): Promise<RedisConnection | undefined> {
    try {
      const connection = await openRedisConnection(this.options.connection);
      this.lastRefusal = undefined;
      return connection;
    } catch (error) {
      this.lastRefusal = error;
      this.logFailure(error);
      return undefined;
    }
  }

  /** Offers a connection until it is lost. */
  private async use(connection: RedisConnection): Promise<void> {
    const { logger, role, onConnected } = this.options;
    if (this.closed) {
      connection.destroy();
      return;
    }
    this.connection = connection;
    this.logged = undefined;
    logger.info(`connected to the ${role}`);
    onConnected?.(true);
    for (const waiter of [...this.waiters]) {
      waiter();
    }
    const reason = await connection.lost;
    this.connection = undefined;
    connection.destroy();
    onConnected?.(false);
    if (!this.closed) {
      logger.warn({ reason: reasonOf(reason) }, `the connection to the ${role} is lost`);
    }
  }

  /** An error of the server, or of the connection. */
  private redisError(error: unknown, connection: RedisConnection): RedisError {
    const { ErrorReply } = require('@redis/client') as typeof import('@redis/client');
    if (!(error instanceof ErrorReply)) {
      return new RedisError('the connection was lost', true, undefined, { cause: error });
    }
    this.lastReply = performance.now();
    this.logFailure(error);
    const code = firstWord(error.message);
    if (code === 'NOAUTH') {
      connection.destroy(); // a new connection sends the password, which may have changed
    }
    return new RedisError(`the server answered ${code}`, false, code, { cause: error });
  }

  private logFailure(error: unknown): void {
    const { logger, role } = this.options;
    const reason = reasonOf(error);
    const now = performance.now();
    if (!this.closed && (this.logged?.reason !== reason || now - this.logged.at > LOG_AGAIN_MILLIS)) {
      this.logged = { reason, at: now };
      logger.warn({ reason }, `the ${role} cannot be asked`);
    }
  }

  private pause(millis: number): Promise<void> {
    const { signal } = this.closing;
    return new Promise((resolve) => {
      const timer = setTimeout(done, millis);
      signal.addEventListener('abort', done);
      function done() {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
    });
  }
}

function isWrongType(error: unknown): boolean {
  return errorMessage(error).startsWith('WRONGTYPE');
}

function firstWord(message: string): string {
  return message.split(' ', 1)[0];
}

/** Messages of the server may name keys, which name persons: only their first word, a code, is told. */
export function reasonOf(error: unknown): string {
  const message = errorMessage(error ?? 'it was closed');
  return /^[A-Z]{4,} /.test(message) ? firstWord(message) : message;
}
