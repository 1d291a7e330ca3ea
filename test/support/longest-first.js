const { default: Sequencer } = require('@jest/test-sequencer');

// A run that knows no times yet starts with the largest files. These take longest, most of it waiting, and are small: whoever
// starts them last waits for them alone.
const LONGEST = [
  'e2e/slow-load',
  'e2e/availability',
  'e2e/gateway',
  'e2e/canary',
  'e2e/batch',
  'e2e/model-sources',
  'test/interop/clients',
  'test/interop/schemathesis',
  'test/rollout/statistics/error-rates',
  'test/rollout/faults',
  'test/image/serving',
  'examples/iris-canary/main',
];

/** The order of Jest, and where it knows no times, that of {@link LONGEST} before. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isKnown = sorted.some(({ duration }) => duration !== undefined);
    return isKnown ? sorted : sorted.sort((one, other) => rankOf(one) - rankOf(other));
  }
};

function rankOf({ path }) {
  const rank = LONGEST.findIndex((name) => path.endsWith(`/${name}.test.ts`));
  return rank < 0 ? LONGEST.length : rank;
}
