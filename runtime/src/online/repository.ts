import type { ModelVersion } from '../model';
import { type ModelIndex, RequestError } from '../protocol';

/**
 * The index of the model repository extension.
 *
 * @param ready whether versions that do not answer are left out
 */
export function indexOf(versions: readonly ModelVersion[], ready: boolean): ModelIndex[] {
  const entries = versions.map(({ name, version, state, reason }) => ({ name, version, state, reason: reason ?? '' }));
  return ready ? entries.filter(({ state }) => state === 'READY') : entries;
}

/** What changes models is refused on the ports that everybody reaches. */
export function changeRefused(): RequestError {
  return new RequestError(
    403,
    'Models are not loaded and unloaded over this port; use the management port (server.management.port), which ' +
      'listens on the loopback address of the pod alone.',
  );
}
