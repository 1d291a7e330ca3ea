import type { RolloutRouteConfig } from '../../lib/contract';
import { RolloutState } from '../../runtime/src/gateway/rollout-state';
import type { ConfigMapObject } from '../../runtime/src/kubernetes-api';

const ROUTE: RolloutRouteConfig = {
  name: 'iris',
  stable: '1',
  candidate: '2',
  stableWeights: [],
  candidateWeights: [],
  mirrors: [],
  comparisons: [],
  pins: [],
  deadMan: { afterMillis: 1000, action: 'revert' },
};

interface Facts {
  readonly split?: object | string;
  readonly heartbeat?: number;
  readonly abort?: string;
  readonly uid?: string;
}

function configMap({ split, heartbeat, abort, uid = 'first' }: Facts): ConfigMapObject {
  return {
    metadata: { name: 'iris', uid, annotations: abort === undefined ? {} : { 'model-serving/abort': abort } },
    data: {
      ...(split === undefined ? {} : { 'split.json': typeof split === 'string' ? split : JSON.stringify(split) }),
      ...(heartbeat === undefined ? {} : { heartbeat: String(heartbeat) }),
    },
  };
}

function split(revision: number, candidateWeight: number, more: object = {}): object {
  return { revision, stable: '1', candidate: '2', candidateWeight, mirror: 0, comparison: 0, pinned: false, ...more };
}

/** A rollout at 10 % whose controller was just heard of. */
function running(route = ROUTE): RolloutState {
  const state = new RolloutState(route, 0);
  state.onObject(configMap({ split: split(5, 1000), heartbeat: 1 }), 0);
  return state;
}

const NOTHING = { candidateWeight: 0, mirror: 0, comparison: 0, pinned: false };

describe('splits', () => {
  it('nothing is shared before there is one', () => {
    const state = new RolloutState(ROUTE, 0);
    state.onObject(undefined, 0);
    state.onObject(configMap({}), 0);
    expect(state.shares(0)).toEqual({ ...NOTHING, revision: 0, source: 'manifest' });
    expect(state.problem).toBeUndefined();
  });

  it('every number of one is applied', () => {
    const state = new RolloutState(ROUTE, 0);
    state.onObject(configMap({ split: split(1, 1, { mirror: 2, comparison: 3, pinned: true, later: 'unknown' }) }), 0);
    expect(state.shares(0)).toEqual({
      revision: 1,
      candidateWeight: 1,
      mirror: 2,
      comparison: 3,
      pinned: true,
      source: 'split',
    });
  });

  it.each([
    ['not JSON', '{', 'the split is not JSON'],
    ['a list', '[]', 'the split is not an object'],
    [
      'a share above the whole',
      split(6, 10_001),
      'candidateWeight of the split is a whole number from 0 to 10000 (found 10001)',
    ],
    ['half a share', split(6, 0.5), 'candidateWeight of the split is a whole number from 0 to 10000 (found 0.5)'],
    [
      'a negative share',
      split(6, 0, { mirror: -1 }),
      'mirror of the split is a whole number from 0 to 10000 (found -1)',
    ],
    ['a text for a flag', split(6, 0, { pinned: 'yes' }), 'pinned of the split is true or false (found "yes")'],
    ['no revision', split(6, 0, { revision: undefined }), /^revision of the split/],
    [
      'another candidate',
      split(6, 0, { candidate: '3' }),
      'the split is for candidate "3", and the routes of this pod for "2"',
    ],
    ['another stable version', split(6, 0, { stable: '0' }), /^the split is for stable "0"/],
  ])('one that is %s is told of, and the last good one stays', (_, bad, problem) => {
    const state = running();
    state.onObject(configMap({ split: bad, heartbeat: 2 }), 0);
    expect(state.problem).toEqual(problem instanceof RegExp ? expect.stringMatching(problem) : problem);
    expect(state.shares(0)).toMatchObject({ revision: 5, candidateWeight: 1000 });
    state.onObject(configMap({ split: split(7, 2000), heartbeat: 3 }), 0);
    expect(state.problem).toBeUndefined();
    expect(state.shares(0)).toMatchObject({ revision: 7, candidateWeight: 2000 });
  });

  it('an older one, from a read that is not of the newest state, takes nothing back', () => {
    const state = running();
    state.onObject(configMap({ split: split(4, 5000) }), 0);
    expect(state.shares(0)).toMatchObject({ revision: 5, candidateWeight: 1000 });
  });

  it('a ConfigMap that is made anew begins anew; one that is gone changes nothing', () => {
    const state = running();
    state.onObject(undefined, 0);
    expect(state.shares(0)).toMatchObject({ revision: 5, candidateWeight: 1000 });
    state.onObject(configMap({ split: split(1, 200), uid: 'second' }), 0);
    expect(state.shares(0)).toMatchObject({ revision: 1, candidateWeight: 200 });
  });
});

describe('aborts', () => {
  const aborted = { ...NOTHING, source: 'abort' };

  it('pushed: nothing for the candidate, until a newer split', () => {
    const state = running();
    state.abort(5, 'pushed');
    expect(state.shares(0)).toEqual({ ...aborted, revision: 5 });
    state.onObject(configMap({ split: split(5, 1000), heartbeat: 2 }), 0);
    expect(state.shares(0)).toEqual({ ...aborted, revision: 5 });
    state.onObject(configMap({ split: split(6, 0), heartbeat: 3 }), 0);
    expect(state.shares(0)).toEqual({ ...NOTHING, revision: 6, source: 'split' });
  });

  it('pushed for a split that has not arrived: that one is not applied when it does', () => {
    const state = running();
    state.abort(6, 'pushed');
    state.onObject(configMap({ split: split(6, 5000) }), 0);
    expect(state.shares(0)).toMatchObject(aborted);
    state.onObject(configMap({ split: split(7, 100) }), 0);
    expect(state.shares(0)).toMatchObject({ revision: 7, candidateWeight: 100 });
  });

  it('pushed for the split that will confirm it: that one does', () => {
    const state = running();
    state.abort(6, 'pushed');
    state.onObject(configMap({ split: split(6, 0) }), 0);
    expect(state.shares(0)).toEqual({ ...NOTHING, revision: 6, source: 'split' });
  });

  it('pushed without a revision', () => {
    const state = running();
    state.abort(undefined, 'pushed');
    state.onObject(configMap({ split: split(5, 1000) }), 0);
    expect(state.shares(0)).toMatchObject(aborted);
    state.onObject(configMap({ split: split(6, 1000) }), 0);
    expect(state.shares(0)).toMatchObject({ revision: 6, candidateWeight: 1000 });
  });

  it('annotated: at once, whatever else the object says', () => {
    const state = running();
    state.onObject(configMap({ split: split(6, 5000), abort: 'wrong answers', heartbeat: 2 }), 0);
    expect(state.shares(0)).toMatchObject(aborted);
    expect(state.why(0)).toBe('the annotation model-serving/abort says: wrong answers');
    state.onObject(configMap({ split: split(7, 0), abort: 'wrong answers', heartbeat: 3 }), 0);
    expect(state.shares(0)).toEqual({ ...NOTHING, revision: 7, source: 'split' });
    // The controller has obeyed, and somebody lets it try again: the old annotation does not count any more.
    state.onObject(configMap({ split: split(8, 100), abort: 'wrong answers', heartbeat: 4 }), 0);
    expect(state.shares(0)).toMatchObject({ candidateWeight: 100 });
    state.onObject(configMap({ split: split(8, 100), abort: 'wrong answers again', heartbeat: 5 }), 0);
    expect(state.shares(0)).toMatchObject(aborted);
  });

  it('also of a candidate that has replaced the stable version', () => {
    const state = new RolloutState(ROUTE, 0);
    state.onObject(configMap({ split: split(9, 10_000, { settled: true }) }), 0);
    state.abort(undefined, 'pushed');
    expect(state.shares(0)).toMatchObject(aborted);
  });
});

describe('the dead man', () => {
  const reverted = { ...NOTHING, revision: 5, source: 'dead-man' };

  it('reverts when no new heartbeat comes, and not before', () => {
    const state = running();
    expect(state.deadline).toBe(1000);
    expect(state.shares(999)).toMatchObject({ candidateWeight: 1000, source: 'split' });
    expect(state.shares(1000)).toEqual(reverted);
  });

  it('is held off by new heartbeats alone', () => {
    const state = running();
    state.onObject(configMap({ split: split(5, 1000), heartbeat: 2 }), 900);
    expect(state.shares(1899)).toMatchObject({ source: 'split' });
    state.onObject(configMap({ split: split(5, 1000), heartbeat: 2, abort: undefined }), 1800);
    expect(state.shares(1900)).toEqual(reverted);
  });

  it('ends with a new heartbeat: then the split counts again', () => {
    const state = running();
    state.onObject(configMap({ split: split(6, 3000), heartbeat: 1 }), 2000);
    expect(state.shares(2000)).toEqual({ ...reverted, revision: 6 });
    state.onObject(configMap({ split: split(6, 3000), heartbeat: 2 }), 3000);
    expect(state.shares(3000)).toMatchObject({ candidateWeight: 3000, source: 'split' });
  });

  it('counts from the start of the process: a first heartbeat may be an old one', () => {
    const state = new RolloutState(ROUTE, 0);
    state.onObject(configMap({ split: split(5, 1000), heartbeat: 77 }), 1500);
    expect(state.shares(1500)).toEqual(reverted);
    state.onObject(configMap({ split: split(5, 1000), heartbeat: 78 }), 1600);
    expect(state.shares(1600)).toMatchObject({ candidateWeight: 1000 });
  });

  it.each([
    ['mirrored', { mirror: 1 }],
    ['compared', { comparison: 1 }],
    ['pinned', { pinned: true }],
  ])('ends what is %s, too', (_, more) => {
    const state = new RolloutState(ROUTE, 0);
    state.onObject(configMap({ split: split(5, 0, more), heartbeat: 1 }), 0);
    expect(state.shares(1000)).toEqual(reverted);
  });

  it('leaves alone what is held, settled, or has no share', () => {
    const held = running({ ...ROUTE, deadMan: { afterMillis: 1000, action: 'hold' } });
    expect(held.shares(1e9)).toMatchObject({ candidateWeight: 1000, source: 'split' });
    const settled = new RolloutState(ROUTE, 0);
    settled.onObject(configMap({ split: split(9, 10_000, { settled: true }), heartbeat: 1 }), 0);
    expect(settled.shares(1e9)).toMatchObject({ candidateWeight: 10_000, source: 'settled' });
    const idle = new RolloutState(ROUTE, 0);
    idle.onObject(configMap({ split: split(3, 0), heartbeat: 1 }), 0);
    expect(idle.shares(1e9)).toMatchObject({ revision: 3, source: 'split' });
    expect([held, settled, idle].map(({ deadline }) => deadline)).toEqual([Infinity, Infinity, Infinity]);
  });
});

describe('what a former process left', () => {
  const again = (state: RolloutState) => new RolloutState(ROUTE, 10_000, state.shares(1000));

  it('a split goes on, and is watched from now on', () => {
    const state = running();
    state.onObject(configMap({ split: split(5, 1000), heartbeat: 2 }), 999);
    expect(again(state).shares(10_999)).toMatchObject({ revision: 5, candidateWeight: 1000, source: 'split' });
    expect(again(state).shares(11_000)).toMatchObject({ source: 'dead-man' });
  });

  it('a settled split stays', () => {
    const state = new RolloutState(ROUTE, 0);
    state.onObject(configMap({ split: split(9, 10_000, { settled: true }) }), 0);
    expect(again(state).shares(1e9)).toMatchObject({ revision: 9, candidateWeight: 10_000, source: 'settled' });
  });

  it('an abort stays until a newer split', () => {
    const state = running();
    state.abort(6, 'pushed');
    const next = again(state);
    next.onObject(configMap({ split: split(6, 5000), heartbeat: 9 }), 10_000);
    expect(next.shares(10_000)).toMatchObject({ candidateWeight: 0, source: 'abort' });
    next.onObject(configMap({ split: split(7, 100), heartbeat: 10 }), 10_000);
    expect(next.shares(10_000)).toMatchObject({ candidateWeight: 100, source: 'split' });
  });

  it('a dead man stays until a new heartbeat', () => {
    const next = again(running());
    next.onObject(configMap({ split: split(5, 1000), heartbeat: 1 }), 10_001);
    expect(next.shares(10_001)).toMatchObject({ candidateWeight: 0, source: 'dead-man' });
    next.onObject(configMap({ split: split(5, 1000), heartbeat: 2 }), 10_002);
    expect(next.shares(10_002)).toMatchObject({ candidateWeight: 1000, source: 'split' });
  });
});
