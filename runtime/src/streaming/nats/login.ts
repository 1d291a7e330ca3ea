import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Authenticator } from '@nats-io/transport-node';
import type { NatsServerConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import { StreamError } from '../event';

/**
 * The login of a configuration; undefined = none. Files are read anew for each connection.
 *
 * @throws StreamError when a file cannot be read
 */
export function loginOf({ credentialsPath, loginPath }: NatsServerConfig): Authenticator | undefined {
  const { credsAuthenticator, tokenAuthenticator, usernamePasswordAuthenticator } =
    require('@nats-io/transport-node') as typeof import('@nats-io/transport-node');
  if (credentialsPath !== undefined) {
    const login = credsAuthenticator(() => readFileSync(credentialsPath));
    return checked(login, credentialsPath);
  }
  if (loginPath === undefined) {
    return undefined;
  }
  const file = (name: string) => readFileSync(join(loginPath, name), 'utf8').replace(/\r?\n$/, '');
  const byName = usernamePasswordAuthenticator(
    () => file('username'),
    () => file('password'),
  );
  const byToken = tokenAuthenticator(() => file('token'));
  return checked((nonce) => (has(join(loginPath, 'token')) ? byToken(nonce) : byName(nonce)), loginPath);
}

function has(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Tries a login once, so that a bad file is named and not taken for a server that is away. */
function checked(login: Authenticator, path: string): Authenticator {
  try {
    login('');
  } catch (error) {
    throw StreamError.declaration(`The login of '${path}' cannot be read: ${errorMessage(error)}.`, { cause: error });
  }
  return login;
}
