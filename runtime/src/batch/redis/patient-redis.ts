import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_CODES } from '../../contract';
import { type RedisAddress, RedisClient, RedisError, reasonOf, type Script } from '../../redis';
import { errorMessage, type Logger } from '../../telemetry';
import { isPassing, lastingRefusal, RedisSinkError } from './error';

/** How long a server that is away is waited for, since it last answered, in milliseconds. */
const PATIENCE_MILLIS = 60_000;

/** A server that has not answered for so long is looked at: when nothing comes, the connection is given up. */
const SUSPECT_MILLIS = 5000;

/** Pause before a passing refusal is tried again. */
const AGAIN_MILLIS = 500;

/** Options of {@link PatientRedis}. */
export interface PatientRedisOptions {
  readonly connection: RedisAddress;
  readonly logger: Logger;

  /** Scripts that commands call by their SHA-1. */
  readonly scripts: readonly Script[];

  /**
   * How long a server that is away is waited for, in milliseconds.
   *
   * @default 60000
   */
  readonly patienceMillis?: number;
}

/**
 * Asks a Redis server with patience: what a lost connection, a restart or a failover took away is sent again, so commands
 * must be such that may be done twice.
 */
export class PatientRedis {
  private readonly client: RedisClient;
  private readonly patienceMillis: number;

  private constructor(private readonly options: PatientRedisOptions) {
    this.patienceMillis = options.patienceMillis ?? PATIENCE_MILLIS;
    this.client = new RedisClient({ connection: options.connection, role: 'prediction table', logger: options.logger });
  }

  /** @throws RedisSinkError when the server does not answer in time, or refuses */
  static async connect(options: PatientRedisOptions): Promise<PatientRedis> {
    const redis = new PatientRedis(options);
    try {
      await redis.connected(performance.now() + redis.patienceMillis, undefined);
      return redis;
    } catch (error) {
      redis.close();
      throw error;
    }
  }

  /**
   * Sends commands in one round trip, or in several when the server is away meanwhile.
   *
   * @returns the reply of each
   * @throws RedisSinkError
   */
  async ask(commands: readonly (readonly string[])[]): Promise<unknown[]> {
    const replies: unknown[] = [];
    const questions = { commands, replies, over: false };
    let end = performance.now() + this.patienceMillis;
    let answered = 0;
    let refusal: unknown;
    for (;;) {
      // A silent connection ends by this, and with it the question.
      const watch = setInterval(() => this.client.suspect(), SUSPECT_MILLIS);
      try {
        await this.client.ask(questions);
        if (replies.includes('invalid')) {
          throw new RedisSinkError(
            `Redis at ${this.address}: a key of the table holds a value of another type. Give the table another name.`,
            EXIT_CODES.badConfiguration,
          );
        }
        return replies;
      } catch (error) {
        const now = performance.now();
        const count = replies.filter((reply) => reply !== undefined).length;
        end = count > answered ? now + this.patienceMillis : end;
        answered = count;
        refusal = error instanceof RedisError && error.code !== undefined ? error : refusal;
        await this.recover(error, end, refusal);
      } finally {
        clearInterval(watch);
      }
    }
  }

  /** Gives the connection up. */
  close(): void {
    this.client.close();
  }

  private get address(): string {
    return this.options.connection.address;
  }

  /**
   * Makes that the same may be sent again; throws where that is no use.
   *
   * @param refusal what the server said last, if anything
   */
  private async recover(error: unknown, end: number, refusal: unknown): Promise<void> {
    const lasting = lastingRefusal(this.address, error);
    if (lasting !== undefined || !(error instanceof RedisError)) {
      throw lasting ?? error;
    }
    if (error.code === 'NOSCRIPT') {
      const commands = this.options.scripts.map(({ source }) => ['SCRIPT', 'LOAD', source]);
      await this.client
        .ask({ commands, replies: [], over: false })
        .catch((reason: unknown) => this.recover(reason, end, refusal));
      return;
    }
    if (isPassing(error)) {
      if (performance.now() > end) {
        throw this.away(refusal);
      }
      await sleep(AGAIN_MILLIS);
      // Its name may lead to another server by now.
      this.client.reconnect();
    } else if (!error.transient) {
      const reason = error.cause === undefined ? error.message : errorMessage(error.cause).slice(0, 200);
      throw new RedisSinkError(`Redis at ${this.address} refuses a command: ${reason}.`, EXIT_CODES.failure, {
        cause: error,
      });
    }
    await this.connected(end, refusal ?? error);
  }

  private async connected(end: number, reason: unknown): Promise<void> {
    const { client } = this;
    while (!client.connected) {
      if (performance.now() > end) {
        throw this.away(reason ?? client.refusal);
      }
      await client.whenConnected(Math.min(AGAIN_MILLIS, Math.max(1, end - performance.now())));
      const { refusal } = client;
      const lasting = refusal === undefined ? undefined : lastingRefusal(this.address, refusal);
      if (lasting !== undefined) {
        throw lasting;
      }
      if (refusal instanceof RedisError && !refusal.transient) {
        throw new RedisSinkError(`Redis at ${this.address}: ${refusal.message}.`, EXIT_CODES.badConfiguration);
      }
    }
  }

  private away(reason: unknown): RedisSinkError {
    const message = isReadOnly(reason)
      ? 'it is a replica, which cannot be written; name the primary'
      : reasonOf(reason);
    return new RedisSinkError(
      `Redis at ${this.address} could not be written for ${this.patienceMillis / 1000} s: ${message}. ` +
        'What was written stays, and the run goes on where it was.',
      EXIT_CODES.failure,
      { cause: reason },
    );
  }
}

function isReadOnly(reason: unknown): boolean {
  return reason instanceof Error && /READONLY/.test(`${reason.message} ${errorMessage(reason.cause)}`);
}
