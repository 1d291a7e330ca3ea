import { Observer } from '../../runtime/src/rollout/observer';
import type { OutcomeReading } from '../../runtime/src/rollout/outcomes';
import type { Proxies } from '../../runtime/src/rollout/proxies';
import type { SourceReading } from '../../runtime/src/rollout/sources';
import { NO_COMPARISONS, NO_COUNTS } from '../../runtime/src/rollout/state';
import { rolloutConfig } from './support';

const SPLIT = {
  revision: 7,
  stable: 'v1',
  candidate: 'v2',
  candidateWeight: 1000,
  mirror: 0,
  comparison: 0,
  pinned: false,
};
const COUNTS = { stable: NO_COUNTS, candidate: NO_COUNTS, shadow: NO_COUNTS, pin: NO_COUNTS };

/** An observer whose surroundings are set by hand. */
function observed() {
  const world = {
    now: 0,
    isApplied: true,
    reading: { counts: COUNTS, ageMillis: 0 } as SourceReading,
    pods: (): number => 2,
    came: { outcomes: {} } as OutcomeReading,
  };
  const observer = new Observer({
    config: rolloutConfig(),
    clock: { monotonic: () => world.now, date: () => new Date(0) },
    source: { read: async () => world.reading },
    proxies: {
      look: async () => ({ all: 1, serving: 1, isApplied: world.isApplied, highestRevision: 7 }),
    } as unknown as Proxies,
    comparisons: { take: () => NO_COMPARISONS, report: () => [] },
    outcomes: { read: async () => world.came, forget: () => undefined },
    findPods: async (host, port) => Array.from({ length: world.pods() }, () => ({ host, port })),
  });
  const look = (millis: number, split = SPLIT) => {
    world.now += millis;
    return observer.look(split, { identity: 'a', term: 1 }, [], new AbortController().signal);
  };
  return { world, observer, look };
}

describe('Observer', () => {
  it('counts from the second look on that saw the split served', async () => {
    const { look } = observed();
    expect(await look(10_000)).toMatchObject({ elapsedMillis: 0, isContinuous: false });
    expect(await look(10_000)).toMatchObject({ elapsedMillis: 10_000, isContinuous: true, ready: { candidate: 2 } });
  });

  it('does not count an interval at whose begin or end a proxy served something else', async () => {
    const { world, look } = observed();
    await look(10_000);
    world.isApplied = false;
    expect((await look(10_000)).isContinuous).toBe(false);
    world.isApplied = true;
    expect((await look(10_000)).isContinuous).toBe(false);
    expect((await look(10_000)).isContinuous).toBe(true);
    expect((await look(10_000, { ...SPLIT, revision: 8 })).isContinuous).toBe(false);
  });

  it('does not count an interval whose first counts are missing', async () => {
    const { world, look } = observed();
    world.reading = { missing: 'away', ageMillis: 0 };
    await look(10_000);
    world.reading = { counts: COUNTS, ageMillis: 0 };
    expect((await look(10_000)).isContinuous).toBe(false);
    expect((await look(10_000)).isContinuous).toBe(true);
  });

  it('waits until counts are younger than the moment at which the split was served', async () => {
    const { world, look } = observed();
    world.reading = { counts: COUNTS, ageMillis: 25_000 };
    const seen = [];
    for (let count = 0; count < 6; count += 1) {
      seen.push((await look(10_000)).isContinuous);
    }
    expect(seen).toEqual([false, false, false, false, true, true]);
  });

  it('does not count a time in which nobody looked, nor after it was told to forget', async () => {
    const { look, observer } = observed();
    await look(10_000);
    expect(await look(31_000)).toMatchObject({ elapsedMillis: 0, isContinuous: false });
    expect((await look(10_000)).isContinuous).toBe(true);
    observer.forget();
    expect(await look(10_000)).toMatchObject({ elapsedMillis: 0, isContinuous: false });
  });

  it('says that ready pods are not known when they cannot be found', async () => {
    const { world, look } = observed();
    world.pods = () => {
      throw new Error('SERVFAIL');
    };
    expect((await look(10_000)).ready).toEqual({});
  });
});

it('has outcomes beside the counts, and says why they are missing', async () => {
  const { world, look } = observed();
  const revenue = { stable: { n: 1, sum: 2, sumSquares: 4 }, candidate: { n: 0, sum: 0, sumSquares: 0 } };
  world.came = { outcomes: { revenue } };
  expect(await look(10_000)).toMatchObject({ counts: { outcomes: { revenue } } });
  world.came = { outcomes: {}, missing: 'away' };
  expect(await look(10_000)).toMatchObject({ counts: { outcomes: {} }, missingOutcomes: 'away', isContinuous: true });
});
