import { readFileSync } from 'node:fs';
import { parse } from 'secure-json-parse';
import { errorCode, errorMessage } from '../telemetry';
import { ConfigurationError } from './error';
import { containerPath } from './sandbox';

/**
 * Reads a configuration file, unchecked.
 *
 * @param file path of the file inside the container
 * @throws ConfigurationError when it cannot be read, or is not JSON
 */
export function parseFile(file: string): unknown {
  const subject = `configuration ${file}`;
  let text: string;
  try {
    text = readFileSync(containerPath(file), 'utf8');
  } catch (error) {
    throw new ConfigurationError(subject, [
      {
        path: '',
        rule: errorCode(error) === 'ENOENT' ? 'the file exists' : `the file can be read (${errorMessage(error)})`,
        fix: 'Give the path of config.json by --config.',
      },
    ]);
  }
  try {
    return parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    throw new ConfigurationError(subject, [
      {
        path: '',
        rule: `is JSON (${errorMessage(error)})`,
        fix: 'Synthesize the file again; it is written by the library, not by hand.',
      },
    ]);
  }
}
