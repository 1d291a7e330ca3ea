import { setTimeout as wait } from 'node:timers/promises';
import { errorMessage, type Logger } from '../telemetry';
import { AttemptClock } from './attempt-clock';
import { FetchError } from './error';
import { HashedFile } from './hashed-file';
import { Inbox } from './inbox';
import type { Artifact, Origin } from './origin';
import { Progress } from './progress';
import { delayBefore, type RetryPolicy } from './retry';

/** Limits and helpers of one download. */
export interface DownloadOptions {
  readonly logger: Logger;
  /** What is downloaded, for messages. */
  readonly subject: string;
  /** Largest artifact accepted, in bytes. */
  readonly maxBytes: number;
  /** Longest time for one attempt, in milliseconds. */
  readonly timeoutMillis: number;
  /** Digest that the artifact must have; absent = any. */
  readonly sha256?: string;
  /** Ends the download, with its reason as the error. */
  readonly signal: AbortSignal;
  readonly retry: RetryPolicy;
}

/** What has been written so far, and what allows to go on from there. */
interface State {
  readonly file: HashedFile;
  readonly progress: Progress;
  etag?: string;
  totalBytes?: number;
}

/**
 * Writes an artifact to a new file, through broken connections: goes on where the last attempt ended when the origin can
 * do that and the artifact is still the same, else begins again.
 *
 * The file is complete, verified and on disk when the promise resolves. After an error the caller removes what is left.
 *
 * @throws FetchError
 */
export async function download(origin: Origin, path: string, options: DownloadOptions): Promise<void> {
  const file = await HashedFile.create(path);
  const progress = new Progress(options.logger, options.subject);
  try {
    await attempts(origin, { file, progress }, options);
    await file.sync();
  } finally {
    progress.end();
    await file.close();
  }
}

async function attempts(origin: Origin, state: State, options: DownloadOptions): Promise<void> {
  const { retry, logger, signal } = options;
  let furthest = 0;
  for (let failures = 0; ; ) {
    try {
      await attempt(origin, state, options);
      verify(state, options);
      return;
    } catch (error) {
      if (!(error instanceof FetchError) || !error.retryable) {
        throw error;
      }
      const { bytes } = state.file;
      // An attempt that got further than any before is progress: a large file on a poor network needs many of them.
      failures = state.etag !== undefined && bytes > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, bytes);
      if (failures >= retry.attempts) {
        throw FetchError.failure(`${error.message} Given up after ${failures} attempts without progress.`, error);
      }
      const delayMillis = Math.round(delayBefore(failures, retry, error.retryAfterMillis));
      logger.warn({ reason: error.message, bytes, delayMillis }, 'download interrupted; trying again');
      await pause(delayMillis, signal);
    }
  }
}

async function attempt(origin: Origin, state: State, options: DownloadOptions): Promise<void> {
  const limits = { totalMillis: options.timeoutMillis, stallMillis: options.retry.stallMillis };
  const clock = new AttemptClock(limits, options.signal);
  try {
    const { etag } = state;
    const artifact = await origin.open({
      offset: etag === undefined ? 0 : state.file.bytes,
      etag,
      signal: clock.signal,
    });
    try {
      const received = new Inbox(artifact.body);
      await begin(state, artifact, options);
      await copy(state, received, options, clock);
    } finally {
      artifact.body.destroy();
    }
  } catch (error) {
    if (clock.signal.aborted) {
      throw clock.signal.reason;
    }
    throw error instanceof FetchError
      ? error
      : FetchError.transient(`The connection broke: ${errorMessage(error)}.`, error);
  } finally {
    clock.stop();
  }
}

/** Prepares the file for what the origin sends: the rest of the artifact, or all of it. */
async function begin(state: State, { offset, etag, totalBytes }: Artifact, options: DownloadOptions): Promise<void> {
  const before = state.etag;
  state.etag = etag;
  state.totalBytes = totalBytes;
  if (offset === 0) {
    await state.file.reset();
  } else if (etag !== before) {
    state.etag = undefined;
    throw FetchError.transient('The artifact changed while it was downloaded.');
  }
  if (totalBytes === 0) {
    throw empty(options);
  }
  if (totalBytes !== undefined) {
    if (totalBytes > options.maxBytes) {
      throw tooLarge(totalBytes, options);
    }
    await state.file.expect(totalBytes - state.file.bytes);
  }
}

async function copy(state: State, received: Inbox, options: DownloadOptions, clock: AttemptClock): Promise<void> {
  const { file, totalBytes, progress } = state;
  for await (const chunk of received) {
    clock.received();
    const bytes = file.bytes + chunk.length;
    if (bytes > options.maxBytes) {
      throw tooLarge(bytes, options);
    }
    await file.append(chunk);
    progress.update(bytes, totalBytes);
  }
  if (totalBytes !== undefined && file.bytes !== totalBytes) {
    throw FetchError.transient(`The connection ended after ${file.bytes} of ${totalBytes} bytes.`);
  }
}

function verify(state: State, options: DownloadOptions): void {
  const { subject, sha256 } = options;
  if (state.file.bytes === 0) {
    throw empty(options);
  }
  const found = state.file.digest();
  if (sha256 === undefined || found === sha256) {
    return;
  }
  if (state.totalBytes !== undefined) {
    throw digestMismatch(subject, found, sha256);
  }
  // Without a length, an artifact that was cut off looks like a complete one.
  state.etag = undefined;
  throw FetchError.transient(
    `${subject} has the SHA-256 ${found}, not ${sha256}; the server told no length, so it may have been cut off.`,
  );
}

/** The artifact is not the declared one. */
export function digestMismatch(subject: string, found: string, declared: string): FetchError {
  return FetchError.declaration(
    `${subject} has the SHA-256 ${found}, not the declared ${declared}, and is not used. Declare the digest of the file that is there, or restore the file.`,
  );
}

function tooLarge(bytes: number, { subject, maxBytes }: DownloadOptions): FetchError {
  return FetchError.declaration(`${subject} has ${bytes} bytes or more; at most ${maxBytes} are accepted (maxBytes).`);
}

function empty({ subject }: DownloadOptions): FetchError {
  return FetchError.declaration(`${subject} is empty. Upload the file again.`);
}

async function pause(millis: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(millis, undefined, { signal });
  } catch {
    throw signal.reason;
  }
}
