/** Numbers from 0 to below 1. */
export type Random = () => number;

/** Pseudorandom numbers that are the same for a seed everywhere: sfc32 of PractRand. */
export function seeded(seed: number): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 16; round += 1) {
    next();
  }
  return next;
}

/** Draws Poisson numbers of one mean, by a table. */
export function poisson(mean: number): (random: Random) => number {
  if (mean <= 0) {
    return () => 0;
  }
  const first = Math.max(0, Math.floor(mean - 10 * Math.sqrt(mean)));
  const count = Math.ceil(20 * Math.sqrt(mean) + 30);
  let lnPart = first * Math.log(mean) - mean;
  for (let k = 2; k <= first; k += 1) {
    lnPart -= Math.log(k);
  }
  const reached = new Float64Array(count);
  let sum = 0;
  for (let index = 0; index < count; index += 1) {
    sum += Math.exp(lnPart);
    reached[index] = sum;
    lnPart += Math.log(mean / (first + index + 1));
  }
  return (random) => {
    const drawn = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (reached[middle] > drawn) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return first + low;
  };
}

/** Draws numbers of the standard normal distribution (Box & Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
