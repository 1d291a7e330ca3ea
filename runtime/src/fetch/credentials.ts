import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorMessage } from '../telemetry';
import { FetchError } from './error';

/**
 * Reads one key of a mounted Secret.
 *
 * @returns its text without the line break that editors add at the end; `undefined` when there is no such key
 * @throws FetchError when the file is there and cannot be used
 */
export async function optionalCredential(directory: string, key: string): Promise<string | undefined> {
  const path = join(directory, key);
  try {
    const text = (await readFile(path, 'utf8')).trim();
    if (text !== '') {
      return text;
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      return undefined;
    }
    throw FetchError.declaration(`The credential ${path} cannot be read: ${errorMessage(error)}.`, error);
  }
  throw FetchError.declaration(`The credential ${path} is empty. Put its value into the Secret.`);
}

/** Reads one key of a mounted Secret that has to be there. @throws FetchError */
export async function requiredCredential(directory: string, key: string): Promise<string> {
  const value = await optionalCredential(directory, key);
  if (value === undefined) {
    throw FetchError.declaration(`The credential ${join(directory, key)} is missing. The Secret needs the key ${key}.`);
  }
  return value;
}
