/** Options of {@link within}. */
export interface WithinOptions {
  /** Ends the work before its time. */
  readonly signal?: AbortSignal;

  /** Longest time for the work. */
  readonly millis: number;

  /** What is thrown when the time is over. */
  readonly timeout: () => Error;
}

/**
 * Does work that ends by its signal when it takes too long, or when the caller's signal says so.
 *
 * @throws what the work throws; the reason of the signal when that has ended it
 */
export async function within<T>(
  { signal, millis, timeout }: WithinOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort(signal?.reason);
  const timer = setTimeout(() => controller.abort(timeout()), millis);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted === true) {
    stop();
  }
  try {
    return await work(controller.signal);
  } catch (error) {
    // What an ended request says of itself names no cause.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
