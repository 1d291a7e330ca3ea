import { createHash } from 'node:crypto';

/** An arm of an experiment. */
export interface Variant {
  readonly name: string;

  /** Its share is this part of the sum of all. */
  readonly weight: number;
}

/**
 * The variant of a unit: the same at any time, in any process and on any machine.
 *
 * Of each variant h = SHA-256 of `salt`, `variant`, `unit` (UTF-8, with a 0 byte between them), u = (the first 52 bits of h +
 * ½) / 2⁵². The variant with the least −ln(u)/weight is taken. So each gets its share, different salts are independent, and a
 * greater weight takes units from others but gives none away (weighted rendezvous hashing: Schindelhauer & Schomaker, Weighted
 * Distributed Hash Tables, 2005).
 *
 * @param salt name of the experiment
 * @param unit key of the user, or id of the request when there is none
 * @returns undefined when no variant has a weight above 0
 */
export function assign(salt: string, unit: string, variants: readonly Variant[]): string | undefined {
  let least = Number.POSITIVE_INFINITY;
  let chosen: string | undefined;
  for (const { name, weight } of variants) {
    if (weight > 0 && weight < Number.POSITIVE_INFINITY) {
      const distance = -Math.log(uniform(salt, name, unit)) / weight;
      if (distance < least) {
        least = distance;
        chosen = name;
      }
    }
  }
  return chosen;
}

/** A number between 0 and 1, both excluded. */
function uniform(salt: string, variant: string, unit: string): number {
  const hash = createHash('sha256').update(`${salt}\0${variant}\0${unit}`).digest();
  const bits = hash.readUIntBE(0, 6) * 2 ** 4 + (hash[6] >> 4);
  return (bits + 0.5) / 2 ** 52;
}
