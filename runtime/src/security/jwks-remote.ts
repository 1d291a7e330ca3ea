import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JSONWebKeySet } from 'jose';
import { errorCode, errorMessage, type Logger } from '../telemetry';
import { KeysUnavailableError } from './keys-unavailable';
import type { TokenKeys } from './token-keys';

/** Bounds of {@link openRemoteJwks}, in milliseconds and bytes. */
export interface RemoteKeysLimits {
  /** Longest time for one download. */
  readonly timeoutMillis: number;

  /** Largest answer. */
  readonly maxBytes: number;

  /** How often the keys are got again. */
  readonly refreshMillis: number;

  /** A token with an unknown key lets the keys be got again, so long after they were got the last time. */
  readonly cooldownMillis: number;

  /** After a failure nothing is got for so long. */
  readonly failureCooldownMillis: number;

  /** Keys that could not be confirmed for so long are used no more. */
  readonly maxAgeMillis: number;
}

/** The bounds that hold when nothing else is asked for. */
export const REMOTE_KEYS_LIMITS: RemoteKeysLimits = {
  timeoutMillis: 5000,
  maxBytes: 256 * 1024,
  refreshMillis: 5 * 60_000,
  cooldownMillis: 30_000,
  failureCooldownMillis: 5000,
  maxAgeMillis: 24 * 60 * 60_000,
};

/**
 * Gets the keys of tokens from an address, at once and then in intervals. While the address does not answer, the keys
 * that it gave last are used.
 */
export function openRemoteJwks(uri: string, logger: Logger, limits: RemoteKeysLimits = REMOTE_KEYS_LIMITS): TokenKeys {
  const listeners: (() => void)[] = [];
  let fetched: string | undefined;
  let applied: string | undefined;
  let confirmedAt = performance.now();
  let failedAt = Number.NEGATIVE_INFINITY;
  let failing = false;

  const download = async (url: string, options: RequestInit) => {
    if (performance.now() - failedAt < limits.failureCooldownMillis) {
      throw new KeysUnavailableError('the keys could not be got a moment ago');
    }
    try {
      const text = await fetchText(url, options, limits.maxBytes);
      const keys = keySetOf(text);
      fetched = text;
      return Response.json(keys);
    } catch (error) {
      failedAt = performance.now();
      throw new KeysUnavailableError(reasonOf(error), { cause: error });
    }
  };
  const remote = createRemoteJWKSet(new URL(uri), {
    timeoutDuration: limits.timeoutMillis,
    cooldownDuration: limits.cooldownMillis,
    // Keys do not become wrong because their server is down; they are refreshed below.
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: download,
  });

  /** Tokens that were accepted under other keys are verified again. */
  const notice = () => {
    if (fetched !== applied) {
      applied = fetched;
      for (const listener of listeners) {
        listener();
      }
    }
  };
  const refresh = async () => {
    try {
      await remote.reload();
      confirmedAt = performance.now();
      if (failing) {
        logger.info('the keys of tokens can be got again');
      }
      failing = false;
    } catch (error) {
      if (!failing) {
        logger.warn({ reason: errorMessage(error) }, 'the keys of tokens cannot be got; the last ones stay');
      }
      failing = true;
    }
    notice();
    if (!closed) {
      timer = setTimeout(refresh, failing ? limits.failureCooldownMillis : limits.refreshMillis).unref();
    }
  };
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  void refresh();

  return {
    find: async (header, token) => {
      if (performance.now() - confirmedAt > limits.maxAgeMillis) {
        throw new KeysUnavailableError('the keys are too old');
      }
      try {
        return await remote(header, token);
      } finally {
        notice();
      }
    },
    onChange: (listener) => listeners.push(listener),
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function keySetOf(text: string): JSONWebKeySet {
  try {
    const keys: JSONWebKeySet = JSON.parse(text);
    createLocalJWKSet(keys);
    return keys;
  } catch {
    throw new Error('the address of the keys answers no JSON Web Key Set');
  }
}

/** Errors of `fetch` say what is wrong in their cause. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error ? errorCode(error.cause) : undefined;
  return code === undefined ? errorMessage(error) : `${errorMessage(error)} (${code})`;
}

async function fetchText(url: string, options: RequestInit, maxBytes: number): Promise<string> {
  const response = await fetch(url, options);
  // A redirect is no answer either: the address is fixed by the configuration.
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the address of the keys answers with status ${response.status}`);
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.byteLength;
    if (size > maxBytes) {
      throw new Error(`the keys are larger than ${maxBytes} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
