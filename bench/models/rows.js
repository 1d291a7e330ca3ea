/* Rows of features as clients send them: numbers of six digits, the same in every run. */

const IRIS = [5.1, 3.5, 1.4, 0.2];

/** Some rows for a model with so many features. */
exports.rowsOf = (features, rows) => {
  if (features === IRIS.length) {
    return Array.from({ length: rows }, () => IRIS);
  }
  const next = random(7);
  return Array.from({ length: rows }, () =>
    Array.from({ length: features }, () => Number((next() * 2 - 1).toFixed(6))),
  );
};

/** Numbers from 0 to 1 (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
