const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');

const FLOWERS = join(__dirname, '../../examples/iris/predictions.json');
const TICK_MILLIS = 20;
const REQUESTS_A_TICK = 2;

/** Any order will do, as long as it visits every species evenly: a step that is prime to the number of flowers. */
const STRIDE = 7;

/** Resolves with the first good answer: a gateway hears of pods a moment after they are ready. */
async function firstAnswer(url, signal) {
  const { instances } = JSON.parse(readFileSync(FLOWERS, 'utf8'));
  for (;;) {
    signal.throwIfAborted();
    const response = await predict(url, instances[0]);
    if (response.ok) {
      return;
    }
    await wait(TICK_MILLIS);
  }
}

async function predict(url, flower) {
  const body = JSON.stringify({ instances: [flower] });
  const response = await fetch(`${url}/v1/models/iris-classifier:predict`, { method: 'POST', body });
  await response.json();
  return response;
}

/**
 * Sends flowers to a gateway until it is stopped, about 100 in a second.
 *
 * @returns `stop`, which resolves with the number of answers by version, and of requests without a good one
 */
function startLoad(url) {
  const { instances } = JSON.parse(readFileSync(FLOWERS, 'utf8'));
  const answers = {};
  const open = new Set();
  let failed = 0;
  let sent = 0;
  const send = async () => {
    sent += 1;
    try {
      const response = await predict(url, instances[(sent * STRIDE) % instances.length]);
      const version = response.headers.get('x-model-version');
      if (response.ok) {
        answers[version] = (answers[version] ?? 0) + 1;
      } else {
        failed += 1;
      }
    } catch {
      failed += 1;
    }
  };
  const timer = setInterval(() => {
    for (let request = 0; request < REQUESTS_A_TICK; request += 1) {
      const pending = send().finally(() => open.delete(pending));
      open.add(pending);
    }
  }, TICK_MILLIS);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
      return { answers, failed };
    },
  };
}

module.exports = { firstAnswer, startLoad };
