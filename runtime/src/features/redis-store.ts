import { setImmediate as turn } from 'node:timers/promises';
import { exponentialDelay } from '../scheduling';
import { errorMessage, type Logger } from '../telemetry';
import { openRedisConnection, type RedisConnection, type RedisConnectionConfig } from './redis-connection';
import { type EntityReply, type FeatureStore, StoreError } from './store';

/** Options of {@link RedisStore}. */
export interface RedisStoreOptions {
  readonly connection: RedisConnectionConfig;
  readonly logger: Logger;

  /** Learns when a connection is there or gone. */
  readonly onConnected: (connected: boolean) => void;
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

/** So many questions are asked in one turn of the event loop. */
const KEYS_A_TURN = 1024;

/**
 * Features as fields of Redis hashes, one hash an entity.
 *
 * Keeps one connection, on which questions are pipelined, and makes a new one when it is lost or silent. While there is
 * none, questions fail at once.
 */
export class RedisStore implements FeatureStore {
  private connection: RedisConnection | undefined;
  private closed = false;
  private readonly closing = new AbortController();
  private lastReply = 0;
  private silenceCheck: NodeJS.Timeout | undefined;
  private readonly waiters = new Set<() => void>();
  private logged: { reason: string; at: number } | undefined;

  private readonly tried: Promise<void>;

  /** Begins to connect. */
  constructor(private readonly options: RedisStoreOptions) {
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

  get connected(): boolean {
    return this.connection !== undefined;
  }

  async read(keys: readonly string[], replies: (EntityReply | undefined)[], isOver: () => boolean): Promise<void> {
    const { connection } = this;
    if (connection === undefined) {
      throw new StoreError('there is no connection', true);
    }
    const questions: Promise<void>[] = [];
    let failure: unknown;
    for (let index = 0; index < keys.length; index += 1) {
      if (questions.length > 0 && questions.length % KEYS_A_TURN === 0) {
        await turn();
      }
      if (isOver()) {
        break;
      }
      if (replies[index] === undefined) {
        questions.push(
          connection.readFields(keys[index]).then(
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
    await Promise.all(questions);
    if (failure !== undefined) {
      throw this.storeError(failure, connection);
    }
  }

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

  close(): void {
    this.closed = true;
    clearTimeout(this.silenceCheck);
    this.closing.abort();
    this.connection?.destroy();
  }

  /** Connects, again and again, until the store is closed. Never rejects. */
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
      return await openRedisConnection(this.options.connection);
    } catch (error) {
      this.logFailure(error);
      return undefined;
    }
  }

  /** Offers a connection until it is lost. */
  private async use(connection: RedisConnection): Promise<void> {
    const { logger, onConnected } = this.options;
    if (this.closed) {
      connection.destroy();
      return;
    }
    this.connection = connection;
    this.logged = undefined;
    logger.info('connected to the feature store');
    onConnected(true);
    for (const waiter of [...this.waiters]) {
      waiter();
    }
    const reason = await connection.lost;
    this.connection = undefined;
    connection.destroy();
    onConnected(false);
    if (!this.closed) {
      logger.warn({ reason: reasonOf(reason) }, 'the connection to the feature store is lost');
    }
  }

  /** An error of the server, or of the connection. */
  private storeError(error: unknown, connection: RedisConnection): StoreError {
    const { ErrorReply } = require('@redis/client') as typeof import('@redis/client');
    if (!(error instanceof ErrorReply)) {
      return new StoreError('the connection was lost', true, { cause: error });
    }
    this.lastReply = performance.now();
    this.logFailure(error);
    if (error.message.startsWith('NOAUTH')) {
      connection.destroy(); // a new connection sends the password, which may have changed
    }
    return new StoreError(`the server answered ${firstWord(error.message)}`, false, { cause: error });
  }

  private logFailure(error: unknown): void {
    const reason = reasonOf(error);
    const now = performance.now();
    if (!this.closed && (this.logged?.reason !== reason || now - this.logged.at > LOG_AGAIN_MILLIS)) {
      this.logged = { reason, at: now };
      this.options.logger.warn({ reason }, 'the feature store cannot be asked');
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

/** Messages of the server may name keys, which name persons: only their first word, a code, is logged. */
function reasonOf(error: unknown): string {
  const message = errorMessage(error ?? 'it was closed');
  return /^[A-Z]{4,} /.test(message) ? firstWord(message) : message;
}
