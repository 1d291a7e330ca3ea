import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisAddress, RedisClient, type RedisCommand, RedisError, reasonOf, type Script } from '../../redis';
import { exponentialDelay } from '../../scheduling';
import { errorMessage } from '../../telemetry';
import { type ClientContext, StreamError } from '../event';
import { isPassing, lastingRefusal, saidBy } from './refusals';
import { SCRIPTS } from './scripts';

/** How long a server that is away at the start is waited for, and how long one may refuse what it has allowed before. */
const PATIENCE_MILLIS = 60_000;

/** A server that has not answered for so long is looked at: when nothing comes, the connection is given up. */
const SUSPECT_MILLIS = 3000;

/** Pauses before the same is tried again. */
const FIRST_PAUSE_MILLIS = 50;
const MOST_PAUSE_MILLIS = 2000;

/** Characters of a server's words in a message. */
const MOST_REASON = 200;

/** How {@link StreamRedis} asks. */
export interface AskOptions {
  /**
   * Whether texts of replies are given as their bytes.
   *
   * @default false
   */
  readonly asBytes?: boolean;

  /**
   * Whether a refusal that lasts is an error at once: at the start.
   *
   * @default false
   */
  readonly strict?: boolean;

  /** Called before the same is asked again because the connection was lost or the server refused. */
  readonly onFault?: (error: unknown) => void;

  /** Makes the group again that the server does not know any more. */
  readonly onNoGroup?: () => Promise<void>;
}

/** Options of {@link StreamRedis}. */
export interface StreamRedisOptions {
  readonly connection: RedisAddress;

  /** What the server is to the consumer, for logs, for example `source`. */
  readonly role: string;

  /** What is read or written there, for messages, for example `The stream 'events'`. */
  readonly subject: string;

  readonly context: ClientContext;

  /** @default 60000 */
  readonly patienceMillis?: number;
}

/** One connection to a Redis server with streams: what fails and may succeed later is asked again, without end. */
export class StreamRedis {
  private made: RedisClient | undefined;
  private readonly patienceMillis: number;
  private readonly closing = new AbortController();
  private refusedSince: number | undefined;

  /** Connects when it is started or asked. */
  constructor(private readonly options: StreamRedisOptions) {
    this.patienceMillis = options.patienceMillis ?? PATIENCE_MILLIS;
  }

  /**
   * Connects; waits for the server.
   *
   * @throws StreamError when it refuses, an Error when it does not answer within a minute
   */
  async start(): Promise<void> {
    const end = performance.now() + this.patienceMillis;
    while (!(await this.client.whenConnected(FIRST_PAUSE_MILLIS))) {
      this.closing.signal.throwIfAborted();
      const { refusal } = this.client;
      const lasting = this.lasting(refusal);
      if (lasting !== undefined) {
        throw lasting;
      }
      if (performance.now() > end) {
        throw new Error(
          `${this.subject} could not be reached for ${this.patienceMillis / 1000} s: ${refusal === undefined ? 'it does not answer' : reasonOf(refusal)}. Start the server, or correct address.`,
          { cause: refusal },
        );
      }
    }
    await this.ask(
      SCRIPTS.map(({ source }) => ['SCRIPT', 'LOAD', source]),
      { strict: true },
    );
  }

  /**
   * Sends commands in one round trip, or in several where that takes more. They must be such that may be done twice.
   *
   * @returns the reply of each
   * @throws StreamError when the server refuses, at the start or for a minute
   */
  async ask(commands: readonly RedisCommand[], options: AskOptions = {}): Promise<unknown[]> {
    const replies: unknown[] = [];
    const questions = { commands, replies, asBytes: options.asBytes, over: false };
    for (let attempt = 0; ; attempt += 1) {
      // A silent connection ends by this, and with it the question.
      const watch = setInterval(() => this.client.suspect(), SUSPECT_MILLIS);
      try {
        await this.client.ask(questions);
        if (!replies.includes('invalid')) {
          this.refusedSince = undefined;
          return replies;
        }
        for (const [index, reply] of replies.entries()) {
          replies[index] = reply === 'invalid' ? undefined : reply;
        }
        throw new RedisError('the server answered WRONGTYPE', false, 'WRONGTYPE');
      } catch (error) {
        await this.recover(error, attempt, options);
      } finally {
        clearInterval(watch);
      }
    }
  }

  /** Sends commands once. Rejects when that fails. */
  async askOnce(commands: readonly RedisCommand[]): Promise<unknown[]> {
    const replies: unknown[] = [];
    await this.client.ask({ commands, replies, over: false });
    return replies;
  }

  /** @throws StreamError when these words of the server are a refusal that lasts */
  check(words: string): void {
    const lasting = lastingRefusal(this.subject, new Error(words));
    if (lasting !== undefined) {
      throw lasting;
    }
  }

  /** A call of a script. */
  call(script: Script, keys: readonly string[], args: readonly (string | Buffer)[]): RedisCommand {
    return ['EVALSHA', script.sha1, `${keys.length}`, ...keys, ...args];
  }

  /** Gives the connection up. What is under way rejects. */
  close(): void {
    this.closing.abort();
    this.made?.close();
  }

  private get client(): RedisClient {
    const { connection, role, context } = this.options;
    this.made ??= new RedisClient({ connection, role: `${role} of the stream`, logger: context.logger });
    return this.made;
  }

  private get subject(): string {
    return `${this.options.subject} of Redis at ${this.options.connection.address}`;
  }

  /** Makes that the same may be asked again; throws where that is no use. */
  private async recover(error: unknown, attempt: number, options: AskOptions): Promise<void> {
    if (this.closing.signal.aborted || !(error instanceof RedisError)) {
      throw error;
    }
    if (saidBy(error, 'NOSCRIPT')) {
      const loads = SCRIPTS.map(({ source }) => ['SCRIPT', 'LOAD', source]);
      await this.askOnce(loads).catch((reason: unknown) => this.recover(reason, attempt, options));
      return;
    }
    if (options.onNoGroup !== undefined && saidBy(error, 'NOGROUP')) {
      await options.onNoGroup();
      return;
    }
    this.throwLasting(error, options.strict ?? false);
    this.options.context.onRetry(error);
    options.onFault?.(error);
    if (saidBy(error, 'READONLY') || saidBy(error, 'MASTERDOWN') || saidBy(error, 'LOADING')) {
      this.client.reconnect(); // its name may lead to another server by now
    }
    // A connection that is there again is used at once; a refusal is not asked for without end.
    if (!error.transient || attempt > 0) {
      await sleep(exponentialDelay(attempt, FIRST_PAUSE_MILLIS, MOST_PAUSE_MILLIS), undefined, this.closing).catch(
        () => undefined,
      );
    }
    while (!this.closing.signal.aborted && !(await this.client.whenConnected(MOST_PAUSE_MILLIS))) {
      this.throwLasting(this.client.refusal, false);
    }
    if (this.closing.signal.aborted) {
      throw error;
    }
  }

  /** Refusals that last end the consumer, but not before they have lasted: a password may be in the middle of its change. */
  private throwLasting(error: unknown, strict: boolean): void {
    const lasting = this.lasting(error);
    const now = performance.now();
    if (lasting === undefined) {
      return;
    }
    this.refusedSince ??= now;
    if (strict || now - this.refusedSince > this.patienceMillis) {
      throw lasting;
    }
  }

  private lasting(error: unknown): StreamError | undefined {
    const known = lastingRefusal(this.subject, error);
    if (known !== undefined || !(error instanceof RedisError) || error.transient || isPassing(error)) {
      return known;
    }
    const reason = error.code === undefined ? error.message : errorMessage(error.cause).slice(0, MOST_REASON);
    return StreamError.declaration(`${this.subject}: ${reason}.`, { cause: error });
  }
}
