import { type CircuitBreaker, RetryBudget } from '../scheduling';
import type { StoreMeter, StoreOutcome } from '../telemetry';
import type { RedisClient } from './client';
import { RedisError } from './error';
import type { Questions } from './questions';

/** Options of {@link GuardedRedis}. */
export interface GuardedRedisOptions {
  readonly client: RedisClient;
  readonly breaker: CircuitBreaker;
  readonly meter: StoreMeter;

  /** Longest time of a round trip, in milliseconds. */
  readonly timeoutMillis: number;
}

/** A retry that has less time than this is not worth it, in milliseconds. */
const LEAST_RETRY_MILLIS = 2;

/**
 * Asks a Redis server what a request needs: within a time limit, and not at all while the server is known to be away.
 * What is asked must change nothing, since it is asked again when the connection was lost.
 */
export class GuardedRedis {
  private readonly budget = new RetryBudget();

  constructor(private readonly options: GuardedRedisOptions) {}

  /**
   * Asks; `done` is called once, at once or later, with the replies that are there.
   *
   * @param timeoutMillis longest time for it, when less is left than for a whole round trip
   */
  ask(
    questions: Questions,
    done: (outcome: StoreOutcome) => void,
    timeoutMillis: number = this.options.timeoutMillis,
  ): void {
    const { breaker, client, meter } = this.options;
    const call = breaker.tryCall();
    if (call === undefined || !client.connected) {
      call?.failed();
      questions.over = true;
      meter.requests.refused.value += 1;
      done('refused');
      return;
    }
    const started = performance.now();
    const settle = (outcome: StoreOutcome) => {
      if (questions.over) {
        return;
      }
      questions.over = true;
      clearTimeout(timer);
      meter.requests[outcome].value += 1;
      meter.seconds.observe((performance.now() - started) / 1000);
      if (outcome === 'ok') {
        call.succeeded();
      } else {
        call.failed();
      }
      if (outcome === 'timeout') {
        client.suspect();
      }
      done(outcome);
    };
    const timer = afterMillis(timeoutMillis, () => settle('timeout'));
    this.read(questions, started + timeoutMillis).then(
      () => settle('ok'),
      () => settle('error'),
    );
  }

  /** Reading changes nothing, so what a lost connection took away is asked again while there is time. */
  private async read(questions: Questions, end: number): Promise<void> {
    const { client, meter } = this.options;
    this.budget.attempted();
    try {
      await client.ask(questions);
    } catch (error) {
      const left = end - performance.now() - LEAST_RETRY_MILLIS;
      const again = error instanceof RedisError && error.transient && left > 0 && this.budget.tryRetry();
      if (!again || !(await client.whenConnected(left))) {
        throw error;
      }
      meter.retries.value += 1;
      await client.ask(questions);
    }
  }
}

/** What has arrived already is read before the time is over: the event loop looks at its timers first. */
export function afterMillis(millis: number, then: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(then), millis);
}
