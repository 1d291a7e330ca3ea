import { loadFetchedModels } from '../config';
import { EXIT_CODES } from '../contract';
import { fetchModels } from '../fetch';
import { createLogger } from '../telemetry';

/** The `fetch` role: every model that has a source, then the end of the process. */
export async function fetch(file: string): Promise<void> {
  const logger = createLogger({ name: 'fetch' });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Process 1 of a container has no default action for signals.
    process.on(signal, () => stop.abort(new Error(`Stopped by ${signal} before every model was downloaded.`)));
  }
  await fetchModels(loadFetchedModels(file), { logger, signal: stop.signal });
  // Storage clients keep connections open; nothing is left to do on them.
  process.exit(EXIT_CODES.ok);
}
