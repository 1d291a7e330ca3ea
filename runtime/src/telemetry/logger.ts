import { type DestinationStream, destination, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import { ENVIRONMENT } from '../contract';
import { describeError } from './error';

export type { Logger } from 'pino';

const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const DEFAULT_LEVEL = 'info';

/** Options of {@link createLogger}. */
export interface CreateLoggerOptions {
  /**
   * Name of the part that logs; the `name` key of every line.
   *
   * @default - no name
   */
  readonly name?: string;

  /**
   * Least severe level that is written: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.
   *
   * @default - the environment variable MODEL_SERVING_LOG_LEVEL, else `info`
   */
  readonly level?: string;
}

/**
 * Makes a logger: one JSON object a line on standard output, readable text when standard output is a terminal.
 *
 * Lines are written synchronously, so that the last words of a failing process are not lost. A closed standard output
 * silences the logger; it does not end the process.
 */
export function createLogger({ name, level }: CreateLoggerOptions = {}) {
  const wanted = level ?? process.env[ENVIRONMENT.logLevel] ?? DEFAULT_LEVEL;
  const known = LEVELS.includes(wanted);
  const options: LoggerOptions = {
    level: known ? wanted : DEFAULT_LEVEL,
    // The pod's name and the process id are known to whoever collects the log.
    base: name === undefined ? null : { name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Errors of the storage clients carry the request with its credentials as a property: only what describes the fault is kept.
    serializers: { err: describeError, error: describeError },
    errorKey: 'error',
  };
  const logger = pino(options, process.stdout.isTTY ? terminal() : destination({ dest: 1, sync: true }));
  if (!known) {
    logger.warn(
      { value: wanted, allowed: LEVELS },
      `${ENVIRONMENT.logLevel} names no log level; ${DEFAULT_LEVEL} is used`,
    );
  }
  return logger;
}

function terminal(): DestinationStream {
  // Loaded here because a process in a container, which never has a terminal, should not pay for it.
  const { build } = require('pino-pretty') as typeof import('pino-pretty');
  return build({
    sync: true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
    errorLikeObjectKeys: ['error'],
    singleLine: true,
  });
}
