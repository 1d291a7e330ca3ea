import { ROLLOUT_KEYS, type RolloutConfig } from '../contract';
import { ApiError, CONFIG_MAPS, type ConfigMapObject } from '../kubernetes-api';
import { errorMessage, type Logger } from '../telemetry';
import type { RolloutApi } from './api';
import type { Clock } from './clock';
import { requestsIn, withoutRequests } from './commands';
import type { Leadership } from './leadership';
import { type Look, next, splitOf } from './machine';
import type { Observer } from './observer';
import type { Proxies } from './proxies';
import { appendDecisions, type Decision, type Remembered, type RolloutState, readState } from './state';
import { dataOf } from './status';

/** What came of a look. */
export const LOOK_OUTCOMES = ['written', 'unwritten', 'not-leading', 'conflict', 'failed'] as const;

export type LookOutcome = (typeof LOOK_OUTCOMES)[number];

/** Learns what a controller does. */
export interface ControllerListener {
  /** A look is over, and this is the state as far as it is known. */
  onLook(outcome: LookOutcome, state: RolloutState | undefined, look: Look | undefined): void;

  /** This was decided, and is written. */
  onDecisions(decisions: readonly Decision[], object: ConfigMapObject): void;
}

/** Options of {@link RolloutController}. */
export interface ControllerOptions {
  readonly config: RolloutConfig;
  readonly api: RolloutApi;
  readonly clock: Clock;
  readonly leadership: Leadership;
  readonly observer: Observer;
  readonly proxies: Proxies;
  readonly logger: Logger;
  readonly listener: ControllerListener;
}

const REQUEST_MILLIS = 5000;

/** For reading what was written here last, and is most likely unchanged. */
const READ_AGAIN_MILLIS = 500;
const MOST_ATTEMPTS = 3;

/** Time between looks while something is about to happen; it grows when that does not happen. */
const SOON_MILLIS = 1000;
const FAST_LOOKS = 10;

/** Least time between looks when nothing can happen any more but by people, who are seen at once. */
const SELDOM_MILLIS = 30_000;

/**
 * Moves one rollout. A look reads the ConfigMap, sees everything, decides, and writes state, split and decisions at once; the
 * precondition of that write is that nobody wrote since it was read. So there is no moment at which a part is written, and a
 * controller that ends at any moment is continued by the next one.
 */
export class RolloutController {
  /** Why the rollout has to be aborted, while that could not be written. */
  private abort: string | undefined;

  /** A write of which it is not known whether it happened. */
  private unconfirmed: { readonly heartbeat: string; readonly decisions: readonly Decision[] } | undefined;

  /** What was written last, for looks at which the API does not answer. */
  private last: ConfigMapObject | undefined;
  private isSettled = false;

  /** Looks in a row at which something was about to happen; undefined = nothing is. */
  private soon: number | undefined = 0;

  constructor(private readonly options: ControllerOptions) {}

  /** Time until the next look. */
  get delayMillis(): number {
    const { intervalMillis } = this.options.config;
    if (this.soon !== undefined) {
      return Math.min(SOON_MILLIS * 1.5 ** Math.max(0, this.soon - FAST_LOOKS), intervalMillis);
    }
    return this.isSettled ? Math.max(SELDOM_MILLIS, intervalMillis) : intervalMillis;
  }

  /** Looks once. Never rejects: what fails is tried again at the next look. */
  async look(signal: AbortSignal): Promise<LookOutcome> {
    const { logger, listener } = this.options;
    try {
      return await this.lookOnce(signal);
    } catch (error) {
      if (!signal.aborted) {
        logger.warn({ reason: errorMessage(error) }, 'the look failed; it is tried again');
      }
      this.soon = (this.soon ?? 0) + 1;
      listener.onLook('failed', undefined, undefined);
      return 'failed';
    }
  }

  private async lookOnce(signal: AbortSignal): Promise<LookOutcome> {
    const { config, leadership, observer, listener } = this.options;
    const holder = leadership.holder;
    if (holder === undefined) {
      return this.idle();
    }
    let object = await this.read(signal);
    let remembered = readState(object.data);
    if (this.isReplaced(remembered, holder.term)) {
      return this.idle();
    }
    const split = remembered.state && splitOf(config, remembered.state);
    const seen = await observer.look(split, holder, [], signal);
    for (let attempt = 1; ; attempt += 1) {
      const abort = this.abort === undefined ? {} : { abort: this.abort };
      const look: Look = { ...seen, requests: requestsIn(object), ...abort };
      const outcome = await this.decide(object, remembered, look, signal);
      if (outcome !== 'conflict' || attempt === MOST_ATTEMPTS) {
        listener.onLook(outcome, readState(this.last?.data).state, look);
        return outcome;
      }
      // Nothing was written: what was seen still holds, for what is written there now.
      object = await this.readNow(signal);
      remembered = readState(object.data);
      if (this.isReplaced(remembered, holder.term)) {
        return this.idle();
      }
    }
  }

  private async decide(
    object: ConfigMapObject,
    remembered: Remembered,
    look: Look,
    signal: AbortSignal,
  ): Promise<LookOutcome> {
    const { config, clock, leadership, listener, logger } = this.options;
    const now = clock.date().toISOString();
    const { state, decisions } = next(config, remembered, look, now);
    const isAborted = state.phase === 'Aborting' && remembered.state?.phase !== 'Aborting';
    const pushed = isAborted ? this.push(state, signal) : undefined;
    if (isAborted) {
      this.abort = state.reason;
    }
    const heartbeat = String(heartbeatOf(object) + 1);
    const written: ConfigMapObject = {
      ...object,
      metadata: {
        ...object.metadata,
        annotations: withoutRequests(object.metadata.annotations),
        managedFields: undefined,
      },
      data: {
        ...object.data,
        ...dataOf(config, state, look.proxies, now),
        [ROLLOUT_KEYS.heartbeat]: heartbeat,
        [ROLLOUT_KEYS.decisions]: appendDecisions(object.data?.[ROLLOUT_KEYS.decisions] ?? '', decisions),
      },
    };
    try {
      if (leadership.holder === undefined) {
        return this.idle();
      }
      this.last = await this.write(written, signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        this.last = undefined;
        return 'conflict';
      }
      this.unconfirmed = { heartbeat, decisions };
      logger.warn({ reason: errorMessage(error) }, 'the state could not be written; it is tried again');
      this.soon = (this.soon ?? 0) + 1;
      return 'unwritten';
    } finally {
      await pushed;
    }
    this.abort = undefined;
    this.unconfirmed = undefined;
    this.schedule(state, look);
    listener.onDecisions(decisions, this.last);
    return 'written';
  }

  /** Tells the proxies at once, beside the write. */
  private async push(state: RolloutState, signal: AbortSignal): Promise<void> {
    const failures = await this.options.proxies.abort(state.revision, signal);
    if (failures.length > 0) {
      this.options.logger.warn({ failures }, 'agents could not be told to abort; they learn it from the split');
    }
  }

  private schedule(state: RolloutState, look: Look): void {
    const { phase, revision } = state;
    this.isSettled = phase === 'Promoted' || phase === 'RolledBack';
    const isNew = look.revision !== revision;
    const isSoon = isNew || !look.proxies.isApplied || ['Pending', 'Warming', 'Promoting'].includes(phase);
    this.soon = isSoon ? (isNew ? 0 : (this.soon ?? 0) + 1) : undefined;
  }

  private idle(): LookOutcome {
    const { observer, listener } = this.options;
    observer.forget();
    this.last = undefined;
    this.abort = undefined;
    this.soon = 0;
    listener.onLook('not-leading', undefined, undefined);
    return 'not-leading';
  }

  /** A state of a later term: somebody else leads, whatever the lease seems to say. */
  private isReplaced({ state }: Remembered, term: number): boolean {
    if ((state?.holder?.term ?? 0) <= term) {
      return false;
    }
    this.options.leadership.lost();
    return true;
  }

  /**
   * The ConfigMap; what was written last when the API does not answer, or not soon: harm is seen and stopped all the same. If
   * somebody else has written since, the next write is a conflict, and the ConfigMap is read again.
   */
  private async read(signal: AbortSignal): Promise<ConfigMapObject> {
    try {
      return await this.readNow(
        signal,
        this.unconfirmed === undefined && this.last !== undefined ? READ_AGAIN_MILLIS : REQUEST_MILLIS,
      );
    } catch (error) {
      if (this.last === undefined || (error instanceof ApiError && error.status === 404)) {
        throw error;
      }
      return this.last;
    }
  }

  private async readNow(signal: AbortSignal, timeoutMillis: number = REQUEST_MILLIS): Promise<ConfigMapObject> {
    const { api, config, listener } = this.options;
    const request = { timeoutMillis, signal };
    const object = await api.get<ConfigMapObject>(CONFIG_MAPS, config.name, request);
    const { unconfirmed } = this;
    if (unconfirmed !== undefined) {
      this.unconfirmed = undefined;
      if (object.data?.[ROLLOUT_KEYS.heartbeat] === unconfirmed.heartbeat) {
        listener.onDecisions(unconfirmed.decisions, object);
      }
    }
    return object;
  }

  private write(object: ConfigMapObject, signal: AbortSignal): Promise<ConfigMapObject> {
    return this.options.api.replace(CONFIG_MAPS, object, { timeoutMillis: REQUEST_MILLIS, signal });
  }
}

function heartbeatOf({ data }: ConfigMapObject): number {
  const value = Number(data?.[ROLLOUT_KEYS.heartbeat]);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
