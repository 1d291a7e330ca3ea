import type { ConsumedEvent } from './event';

const DIGEST_LENGTH = 12;

/** What the ids of events end with: `/` and the first twelve hexadecimal digits of the SHA-256 of the model. */
export function eventIdSuffix(sha256: string): string {
  return `/${sha256.slice(0, DIGEST_LENGTH)}`;
}

/**
 * Id of what becomes of an event: where it stands and which model looked at it, so that it is the same for every delivery.
 *
 * @param suffix see {@link eventIdSuffix}
 */
export function eventIdOf(event: Pick<ConsumedEvent, 'position'>, suffix: string): string {
  return event.position + suffix;
}
