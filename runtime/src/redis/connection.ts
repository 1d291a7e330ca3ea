import { readFile } from 'node:fs/promises';
import type { RedisClientOptions, RedisFunctions, RedisModules, RedisScripts } from '@redis/client';
import type { RedisTableConfig } from '../contract';
import { errorMessage } from '../telemetry';
import { RedisError } from './error';
import type { RedisCommand } from './questions';

/** Longest time for TCP and TLS. */
const CONNECT_MILLIS = 2000;

/** Longest time for TCP, TLS and the password: longer, since the client cannot cut a socket that is still connecting. */
const LOGIN_MILLIS = 3000;

/** Longest time for the first answer. */
const ANSWER_MILLIS = 1000;

/** An open connection to Redis. */
export interface RedisConnection {
  /**
   * Sends a command. Rejects with the server's or the connection's error.
   *
   * @param asBytes whether texts of the reply are given as their bytes
   */
  send(command: RedisCommand, asBytes: boolean): Promise<unknown>;

  /** Resolves when the connection is gone, with the reason. */
  readonly lost: Promise<unknown>;

  /** Cuts the connection. Everything under way is rejected. */
  destroy(): void;
}

/** Where and how to connect. */
export type RedisAddress = Pick<RedisTableConfig, 'address' | 'database' | 'username' | 'passwordPath' | 'tls'>;

/**
 * Opens a connection, and waits for a first answer of the server. The password and the authorities are read anew each
 * time, so that they can be changed while the process runs.
 *
 * One connection is one client: the library's own reconnection has no time limit for what follows the TCP handshake.
 *
 * @throws RedisError when there is no answer in time, or the error with which the server refuses
 */
export async function openRedisConnection(config: RedisAddress): Promise<RedisConnection> {
  // Loaded here because it takes longer than everything else at start, and most models look up nothing.
  const { createClient, RESP_TYPES } = require('@redis/client') as typeof import('@redis/client');
  const client = createClient(await clientOptions(config));
  const lost = new Promise<unknown>((resolve) => {
    client.on('error', resolve);
    client.on('terminated', resolve);
    client.on('end', resolve);
  });
  try {
    await within(LOGIN_MILLIS, client.connect());
    // TCP may end at a proxy, and a server that is starting accepts connections and answers no questions.
    await within(ANSWER_MILLIS, client.sendCommand(['PING']).catch(ignoreNoPermission));
  } catch (error) {
    client.destroy();
    throw error;
  }
  const bytes = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
  return {
    lost,
    send: (command, asBytes) => client.sendCommand(command, asBytes ? bytes : undefined),
    destroy: () => client.destroy(),
  };
}

type ClientOptions = RedisClientOptions<RedisModules, RedisFunctions, RedisScripts, 2>;

async function clientOptions(config: RedisAddress): Promise<ClientOptions> {
  const { address, database, username, passwordPath, tls } = config;
  const colon = address.lastIndexOf(':');
  const common = {
    host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
    port: Number(address.slice(colon + 1)),
    connectTimeout: CONNECT_MILLIS,
    reconnectStrategy: false as const,
  };
  return {
    // The older version of the protocol is understood by every server, and needs no greeting.
    RESP: 2,
    database,
    username,
    password: passwordPath === undefined ? undefined : await readSecret(passwordPath, 'password'),
    disableOfflineQueue: true,
    // Commands that a user with few rights may not send.
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // Whoever asks has a time limit of its own; one a command costs more than the command.
    commandOptions: { timeout: undefined },
    socket:
      tls === undefined
        ? common
        : {
            ...common,
            tls: true,
            ...(tls.caPath === undefined ? {} : { ca: await readSecret(tls.caPath, 'certificate authorities') }),
            ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
          },
  };
}

/** Files of a Secret often end with a line break that belongs to nobody. */
async function readSecret(path: string, what: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    const message = `the file with the ${what} cannot be read (${errorMessage(error)})`;
    throw new RedisError(message, false, undefined, { cause: error });
  }
}

/** Refusing the question is an answer, too: the user may read hashes and nothing else. */
function ignoreNoPermission(error: unknown): void {
  if (!errorMessage(error).startsWith('NOPERM')) {
    throw error;
  }
}

async function within<T>(millis: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RedisError(`no answer within ${millis} ms`, true)), millis);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
    // What comes too late is nobody's error.
    promise.catch(() => undefined);
  }
}
