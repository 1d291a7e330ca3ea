import type { ConfigMapObject } from '../../kubernetes-api';
import { NoRolloutError, type RolloutAccess } from './access';

/** Options of {@link untilSeen}. */
export interface UntilOptions {
  /** Longest time. Absent = any. */
  readonly timeoutMillis?: number;

  /** Ends the wait before its time. */
  readonly signal?: AbortSignal;

  /** Called when the connection is there, and when it is lost. */
  readonly onState?: (connected: boolean, error?: Error) => void;
}

/**
 * Follows a rollout until what is looked for is there, and returns it; undefined when the time is over, or the signal ended it.
 *
 * @param look called with every state; its answer other than undefined ends the wait
 * @throws NoRolloutError when the rollout goes; whatever `look` throws
 */
export async function untilSeen<T>(
  access: RolloutAccess,
  name: string,
  { timeoutMillis, signal, onState = () => undefined }: UntilOptions,
  look: (object: ConfigMapObject) => T | undefined,
): Promise<T | undefined> {
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = timeoutMillis === undefined ? undefined : setTimeout(end, timeoutMillis);
  signal?.addEventListener('abort', end);
  if (signal?.aborted === true) {
    end();
  }
  let found: T | undefined;
  let failure: { readonly error: unknown } | undefined;
  const onObject = (object: ConfigMapObject | undefined) => {
    if (ending.signal.aborted) {
      return;
    }
    try {
      if (object === undefined) {
        throw new NoRolloutError(name, access.place);
      }
      found = look(object);
    } catch (error) {
      failure = { error };
    }
    if (found !== undefined || failure !== undefined) {
      end();
    }
  };
  try {
    await access.follow(name, { signal: ending.signal, onObject, onState });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
  if (failure !== undefined) {
    throw failure.error;
  }
  return found;
}
