import { EXIT_CODES } from '../contract';

/** Requests were still in flight when the time for draining was over. */
export class DrainTimeoutError extends Error {
  override readonly name = 'DrainTimeoutError';
  readonly exitCode = EXIT_CODES.failure;

  constructor(millis: number) {
    super(
      `requests were still in flight ${millis} ms after the process was asked to stop, and their connections were cut. ` +
        'Give server.drainTimeoutMillis more time than the longest request needs.',
    );
  }
}
