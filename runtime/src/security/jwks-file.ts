import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import type { Logger } from '../telemetry';
import type { TokenKeys } from './token-keys';
import { UnusableFileError, WatchedFiles } from './watched-files';

const SETTING = 'server.authentication.jwt.jwksPath';

/**
 * Takes the keys of tokens from a file.
 *
 * @throws ConfigurationError when it cannot be used
 */
export async function openJwksFile(path: string, logger: Logger, intervalMillis: number): Promise<TokenKeys> {
  const read = async () => keySetOf(await readFile(path, 'utf8'));
  const files = await WatchedFiles.open({ setting: SETTING, paths: [path], read, logger, intervalMillis });
  return {
    find: (header, token) => files.value(header, token),
    onChange: (listener) => files.onChange(listener),
    close: () => files.close(),
  };
}

function keySetOf(text: string): ReturnType<typeof createLocalJWKSet> {
  const fix = 'Write the public keys as {"keys": […]} (RFC 7517).';
  let parsed: JSONWebKeySet;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new UnusableFileError('is JSON', fix);
  }
  try {
    return createLocalJWKSet(parsed);
  } catch (error) {
    if (error instanceof errors.JWKSInvalid) {
      throw new UnusableFileError('is a JSON Web Key Set', fix);
    }
    throw error;
  }
}
