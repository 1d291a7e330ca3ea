import type { RolloutConfig } from '../../lib/contract';
import { type Look, next, splitOf, type Verb } from '../../runtime/src/rollout/machine';
import { type Decision, type IntervalCounts, NO_COMPARISONS, type RolloutState } from '../../runtime/src/rollout/state';
import { arm, interval, look, rolloutConfig } from './support';

const NOW = '2026-01-01T00:00:00.000Z';

/** Requests in ten seconds, by the share of the candidate: 1000, of which the stable version fails 1 %. */
function traffic(share: number, errorRate = 0.01): IntervalCounts {
  const candidate = share / 10;
  return interval({
    stable: arm(1000 - candidate, Math.round((1000 - candidate) * 0.01)),
    candidate: arm(candidate, Math.round(candidate * errorRate)),
  });
}

class Rollout {
  state: RolloutState | undefined;
  decisions: Decision[] = [];

  constructor(
    readonly config: RolloutConfig = rolloutConfig(),
    /** Error rate of the candidate. */
    public errorRate = 0.01,
  ) {}

  look(changes: Partial<Look> = {}): RolloutState {
    const revision = this.state?.revision ?? 0;
    const share = this.state === undefined ? 0 : splitOf(this.config, this.state).candidateWeight;
    const seen = look(revision, { counts: traffic(share, this.errorRate), ...changes });
    const found = next(this.config, { state: this.state, revision }, seen, NOW);
    this.state = found.state;
    this.decisions.push(...found.decisions);
    return found.state;
  }

  until(
    isDone: (state: RolloutState) => boolean,
    changes: Partial<Look> | (() => Partial<Look>) = {},
    most = 200,
  ): RolloutState {
    for (let looks = 0; looks < most; looks += 1) {
      const state = this.look(typeof changes === 'function' ? changes() : changes);
      if (isDone(state)) {
        return state;
      }
    }
    throw new Error(`still ${JSON.stringify(this.state?.phase)}: ${this.state?.reason}`);
  }

  reach(phase: RolloutState['phase'], step?: number): RolloutState {
    return this.until((state) => state.phase === phase && (step === undefined || state.step === step));
  }

  ask(verb: Verb, id?: string): RolloutState {
    return this.look({ requests: [{ verb, id, by: 'ada', why: 'because' }] });
  }

  get kinds(): string[] {
    return this.decisions.map(({ kind }) => kind);
  }

  get weight(): number {
    return this.state === undefined ? 0 : splitOf(this.config, this.state).candidateWeight;
  }
}

describe('the way of a good candidate', () => {
  it('goes through every phase and step, and is promoted and settled at the end', () => {
    const rollout = new Rollout();
    expect(rollout.look()).toMatchObject({ phase: 'Pending', revision: 1 });
    expect(rollout.look().phase).toBe('Warming');
    expect(rollout.look()).toMatchObject({ phase: 'Progressing', step: 0, revision: 2 });
    expect(rollout.weight).toBe(1000);
    rollout.reach('Progressing', 1);
    expect(rollout.weight).toBe(5000);
    rollout.reach('Promoting');
    expect(splitOf(rollout.config, rollout.state!)).toEqual(expect.not.objectContaining({ settled: true }));
    rollout.reach('Promoted');
    expect(splitOf(rollout.config, rollout.state!)).toMatchObject({ candidateWeight: 10_000, settled: true });
    expect(rollout.kinds.filter((kind) => kind !== 'verdict')).toEqual([
      'started',
      'phase',
      'step',
      'step',
      'promoting',
      'promoted',
    ]);
  });

  it('keeps the evidence of every step with the decision to go on', () => {
    const rollout = new Rollout();
    rollout.reach('Promoted');
    const evidence = rollout.decisions.find(({ kind }) => kind === 'promoting')?.evidence ?? {};
    expect(evidence.errors).toMatchObject({ outcome: 'pass', max: 0.05 });
    expect(evidence['errors (this step alone)']).toMatchObject({ outcome: 'pass' });
  });

  it('gives every change of the split a greater revision', () => {
    const rollout = new Rollout();
    const seen = new Map<number, string>();
    rollout.until((state) => {
      const { revision, ...numbers } = splitOf(rollout.config, state);
      expect(seen.get(revision) ?? JSON.stringify(numbers)).toBe(JSON.stringify(numbers));
      expect(revision).toBeGreaterThanOrEqual(Math.max(0, ...seen.keys()));
      seen.set(revision, JSON.stringify(numbers));
      return state.phase === 'Promoted';
    });
    expect(seen.size).toBe(5);
  });
});

describe('a step', () => {
  it('is not left by time alone: without requests it stays, and then a person is asked', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    const state = rollout.until(({ phase }) => phase !== 'Progressing', { counts: interval() });
    expect(state).toMatchObject({ phase: 'Paused', step: 0, pausedFor: 'undecided' });
    expect(state.reason).toContain('0 of 100 requests of the stable version');
  });

  it('is not left by samples alone: its least time has to be observed', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    for (let looks = 0; looks < 2; looks += 1) {
      expect(rollout.look({ counts: traffic(1000) }).step).toBe(0);
    }
    expect(rollout.look({ counts: traffic(1000) }).step).toBe(1);
  });

  it.each([
    ['proxies that did not serve the split all the time', { isContinuous: false }],
    ['counts of another split', { revision: 1 }],
    ['a controller that did not look', { elapsedMillis: 0 }],
    ['missing counts', { counts: undefined, missing: 'no answer' }],
  ])('does not count %s', (_, changes) => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    for (let looks = 0; looks < 5; looks += 1) {
      rollout.look({ counts: traffic(1000), ...changes });
    }
    expect(rollout.state).toMatchObject({ phase: 'Progressing', step: 0, clock: { observed: 0 } });
    expect(rollout.state?.counts[0].stable.answered).toBe(0);
  });

  it('counts nothing of another controller: what both saw would be counted twice', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    rollout.look({ holder: { identity: 'b', term: 2 } });
    expect(rollout.state?.counts[0].stable.answered).toBe(0);
    rollout.look({ holder: { identity: 'b', term: 2 } });
    expect(rollout.state?.counts[0].stable.answered).toBe(900);
  });

  it('is held while counts are missing, and paused after the longest time', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    const missing = { counts: undefined, missing: 'proxy 10.0.0.1: time-out' };
    expect(rollout.look(missing).phase).toBe('Progressing');
    const state = rollout.until(({ phase }) => phase === 'Paused', missing);
    expect(state).toMatchObject({ pausedFor: 'missing-data' });
    expect(state.reason).toContain('proxy 10.0.0.1: time-out');
    expect(rollout.weight).toBe(1000);
  });

  it('is aborted after the longest time without counts when the configuration says so', () => {
    const rollout = new Rollout(rolloutConfig({ missingData: { holdMillis: 30_000, action: 'abort' } }));
    rollout.reach('Progressing');
    rollout.until(({ phase }) => phase === 'Aborting', { counts: undefined });
    expect(rollout.weight).toBe(0);
  });

  it('forgets time without counts when they are back', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    for (let looks = 0; looks < 30; looks += 1) {
      rollout.look(looks % 5 === 4 ? { counts: interval() } : { counts: undefined });
    }
    expect(rollout.state?.phase).toBe('Progressing');
  });
});

describe('a bad candidate', () => {
  it('is aborted at once, without waiting for the end of the step', () => {
    const rollout = new Rollout(rolloutConfig(), 0.5);
    const state = rollout.until(({ phase }) => phase === 'Aborting');
    expect(rollout.weight).toBe(0);
    expect(state.step).toBe(0);
    const decision = rollout.decisions.find(({ kind }) => kind === 'aborting');
    expect(decision).toMatchObject({ told: 'warning', evidence: { errors: { outcome: 'fail' } } });
    expect(rollout.look()).toMatchObject({ phase: 'RolledBack' });
    expect(rollout.look()).toMatchObject({ phase: 'RolledBack' });
  });

  it('is aborted in the second step when it fails under that load alone', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing', 1);
    rollout.errorRate = 0.3;
    expect(rollout.until(({ phase }) => phase === 'Aborting').step).toBe(1);
  });

  it('is aborted while the rollout is paused', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    rollout.ask('pause');
    rollout.errorRate = 0.5;
    rollout.until(({ phase }) => phase === 'Aborting');
  });

  it('is not promoted while the last step has not shown by itself that it is good', () => {
    const rollout = new Rollout(rolloutConfig({ maxStepMillis: 2 ** 31 - 1 }));
    rollout.reach('Progressing', 1);
    rollout.errorRate = 0.05;
    for (let looks = 0; looks < 100; looks += 1) {
      expect(['Progressing', 'Aborting']).toContain(rollout.look().phase);
    }
  });
});

describe('a wrong ratio of samples', () => {
  const wrong = interval({ stable: arm(500, 5), candidate: arm(500, 5) });

  it('pauses, and is no verdict', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    const state = rollout.until(({ phase }) => phase === 'Paused', { counts: wrong });
    expect(state.pausedFor).toBe('sample-ratio');
    expect(rollout.kinds).toContain('sample-ratio');
  });

  it('withholds comparisons, but not what the candidate shows by itself', () => {
    const harm = interval({ stable: arm(500, 5), candidate: arm(500, 250) });
    const increase = { name: 'increase', type: 'errorRateIncrease', margin: 0.01, alpha: 0.01, minSamples: 100 };
    const compared = new Rollout(rolloutConfig({ guardrails: [increase] }));
    compared.reach('Progressing');
    compared.until(({ phase }) => phase === 'Paused', { counts: harm }, 20);
    const absolute = new Rollout();
    absolute.reach('Progressing');
    absolute.until(({ phase }) => phase === 'Aborting', { counts: harm }, 20);
  });

  it('counts the step anew when a person resumes', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    rollout.until(({ phase }) => phase === 'Paused', { counts: wrong });
    expect(rollout.ask('resume')).toMatchObject({
      phase: 'Progressing',
      counts: [{ round: 1, stable: { answered: 0 } }, {}],
    });
    rollout.reach('Promoted');
  });

  it('is not looked for where users keep a version', () => {
    const rollout = new Rollout(rolloutConfig({ sticky: true }));
    rollout.reach('Progressing');
    expect(rollout.until(({ step }) => step === 1, { counts: wrong }).phase).toBe('Progressing');
  });
});

describe('latency', () => {
  const guardrail = { name: 'slow', type: 'latency', max: 0.05, budgetMillis: 100, alpha: 0.01, minSamples: 100 };

  it('fails when requests take too long, and when clients give up before they are answered', () => {
    for (const candidate of [arm(100, 0, 50), { ...arm(50), started: 100, unanswered: 50 }]) {
      const rollout = new Rollout(rolloutConfig({ guardrails: [guardrail] }));
      rollout.reach('Progressing');
      rollout.until(({ phase }) => phase === 'Aborting', { counts: interval({ stable: arm(900), candidate }) }, 20);
    }
  });
});

describe('latency of a proxy whose histograms lag behind', () => {
  it('is not judged by the few requests that timed out, nor by what seems unanswered between two counters', () => {
    const guardrail = { name: 'slow', type: 'latency', max: 0.05, budgetMillis: 100, alpha: 0.01, minSamples: 100 };
    const rollout = new Rollout(rolloutConfig({ guardrails: [guardrail] }));
    rollout.reach('Progressing');
    const candidate = { ...arm(1000), started: 1009, unanswered: 9, timeouts: 8, timed: 0 };
    for (let looks = 0; looks < 3; looks += 1) {
      rollout.look({ counts: interval({ stable: arm(9000), candidate }) });
    }
    expect(rollout.state).toMatchObject({ phase: 'Progressing', evidence: { slow: { outcome: 'no-data' } } });
  });
});

describe('shadow, header, pause and analysis', () => {
  const steps = [
    { type: 'shadow', share: 5000, comparison: 1000, minMillis: 20_000, minSamples: 50 },
    { type: 'header', minMillis: 20_000 },
    { type: 'weight', share: 1000, minMillis: 20_000, minSamples: 50 },
    { type: 'pause' },
    { type: 'analysis', minMillis: 60_000 },
  ];
  const same = { name: 'same', type: 'disagreement', max: 0.05, alpha: 0.01, minSamples: 100 };
  const config = rolloutConfig({ steps, guardrails: [...rolloutConfig().guardrails, same] });
  const mirrored = interval({
    stable: arm(1000, 10),
    shadow: arm(500, 5),
    comparison: { ...NO_COMPARISONS, agreements: 100 },
  });

  it('keeps what steps before have set, and lets a person end a pause', () => {
    const rollout = new Rollout(config);
    rollout.reach('Progressing', 0);
    expect(splitOf(config, rollout.state!)).toMatchObject({ mirror: 5000, comparison: 1000, candidateWeight: 0 });
    rollout.until(({ step }) => step === 1, { counts: mirrored });
    expect(splitOf(config, rollout.state!)).toMatchObject({ mirror: 5000, pinned: true, candidateWeight: 0 });
    rollout.until(({ step }) => step === 2, { counts: mirrored });
    expect(splitOf(config, rollout.state!)).toMatchObject({ mirror: 0, pinned: true, candidateWeight: 1000 });
    rollout.reach('Paused', 3);
    expect(rollout.state?.pausedFor).toBe('step');
    expect(splitOf(config, rollout.state!)).toMatchObject({ candidateWeight: 1000 });
    expect(rollout.ask('resume')).toMatchObject({ phase: 'Progressing', step: 4 });
    rollout.reach('Promoted');
  });

  it('aborts when compared answers differ', () => {
    const rollout = new Rollout(config);
    rollout.reach('Progressing', 0);
    const different = { ...mirrored, comparison: { ...NO_COMPARISONS, agreements: 50, disagreements: 50 } };
    rollout.until(({ phase }) => phase === 'Aborting', { counts: different }, 20);
  });

  it('aborts when mirrored requests fail', () => {
    const rollout = new Rollout(config);
    rollout.reach('Progressing', 0);
    rollout.until(({ phase }) => phase === 'Aborting', { counts: { ...mirrored, shadow: arm(500, 250) } }, 20);
  });

  it('asks a person at the end of an analysis that is undecided', () => {
    const rollout = new Rollout(config);
    rollout.reach('Progressing', 0);
    rollout.until(({ step }) => step === 2, { counts: mirrored });
    rollout.reach('Paused', 3);
    rollout.ask('resume');
    const few = interval({ stable: arm(9), candidate: arm(1) });
    const state = rollout.until(({ phase }) => phase !== 'Progressing', { counts: few }, 8);
    expect(state).toMatchObject({ phase: 'Paused', pausedFor: 'undecided', step: 4 });
  });
});

describe('what people ask for', () => {
  const under = (phase: 'Progressing' | 'Promoted' | 'RolledBack') => {
    const rollout = new Rollout();
    rollout.reach(phase === 'RolledBack' ? 'Progressing' : phase);
    if (phase === 'RolledBack') {
      rollout.ask('abort');
      rollout.reach('RolledBack');
    }
    return rollout;
  };

  it('aborts in every phase, after the promotion as well', () => {
    expect(under('Progressing').ask('abort').phase).toBe('Aborting');
    const promoted = under('Promoted');
    expect(promoted.ask('abort').phase).toBe('Aborting');
    expect(promoted.weight).toBe(0);
    expect(promoted.decisions.at(-1)).toMatchObject({ by: 'ada', why: 'because' });
  });

  it('pauses, resumes, promotes step by step and at once, skips and tries again', () => {
    const rollout = under('Progressing');
    expect(rollout.ask('pause')).toMatchObject({ phase: 'Paused', pausedFor: 'person' });
    for (let looks = 0; looks < 20; looks += 1) {
      expect(rollout.look().phase).toBe('Paused');
    }
    expect(rollout.ask('resume')).toMatchObject({ phase: 'Progressing', step: 0 });
    expect(rollout.ask('promote')).toMatchObject({ phase: 'Progressing', step: 1 });
    expect(rollout.ask('promote').phase).toBe('Promoting');
    expect(under('Progressing').ask('promote-full').phase).toBe('Promoting');
    expect(under('Progressing').ask('skip-step')).toMatchObject({ step: 1 });
    expect(under('RolledBack').ask('retry')).toMatchObject({ phase: 'Pending', attempt: 2, step: -1 });
  });

  it.each([
    ['Progressing', 'resume'],
    ['Progressing', 'retry'],
    ['Promoted', 'promote'],
    ['Promoted', 'pause'],
    ['RolledBack', 'abort'],
    ['RolledBack', 'promote-full'],
  ] as const)('says why not: %s, %s', (phase, verb) => {
    const rollout = under(phase);
    expect(rollout.ask(verb).phase).toBe(phase);
    expect(rollout.decisions.at(-1)).toMatchObject({ kind: 'refused', told: 'warning' });
    expect(rollout.decisions.at(-1)?.message).toContain(`${verb} is not done: `);
  });

  it('does the safest of contradictory requests, and refuses the others', () => {
    const rollout = under('Progressing');
    const requests = (['promote-full', 'abort', 'pause'] as const).map((verb) => ({ verb, by: 'ada', why: '' }));
    expect(rollout.look({ requests }).phase).toBe('Aborting');
    expect(rollout.kinds.slice(-2)).toEqual(['refused', 'refused']);
  });

  it('answers a request once', () => {
    const rollout = under('Progressing');
    expect(rollout.ask('promote', 'x')).toMatchObject({ step: 1 });
    expect(rollout.ask('promote', 'x')).toMatchObject({ phase: 'Progressing', step: 1 });
  });

  it('does not promote a candidate that is not ready, whoever asks', () => {
    const rollout = under('Progressing');
    const requests = [{ verb: 'promote-full', by: 'ada', why: '' }] as const;
    expect(rollout.look({ requests, ready: { stable: 1, candidate: 0 } }).phase).toBe('Progressing');
    expect(rollout.kinds.at(-1)).toBe('refused');
  });

  it.each([
    [
      'skip-step',
      [{ type: 'weight', share: 1000, minMillis: 600_000 }, ...rolloutConfig().steps.slice(1)],
      'Progressing',
    ],
    [
      'promote',
      [{ type: 'weight', share: 1000, minMillis: 600_000 }, ...rolloutConfig().steps.slice(1)],
      'Progressing',
    ],
    ['resume', [{ type: 'weight', share: 1000 }, { type: 'pause' }], 'Paused'],
    ['promote', [{ type: 'weight', share: 1000 }, { type: 'pause' }], 'Paused'],
  ] as const)('raises no share of a candidate that is not ready: %s, %j', (verb, steps, phase) => {
    const rollout = new Rollout(rolloutConfig({ steps: [...steps] }));
    rollout.reach(phase);
    const requests = [{ verb, by: 'ada', why: '' }];
    const { step } = rollout.state ?? {};
    expect(rollout.look({ requests, ready: { stable: 1, candidate: 0 } })).toMatchObject({ phase, step });
    expect(rollout.weight).toBe(1000);
    expect(rollout.decisions.findLast(({ kind }) => kind === 'refused')?.message).toContain('0 pods of the candidate');
    rollout.look({ requests });
    expect(rollout.weight).toBeGreaterThan(1000);
  });

  it('lets a person go on where the share stays as it is, ready or not', () => {
    const rollout = new Rollout(
      rolloutConfig({
        steps: [{ type: 'weight', share: 1000 }, { type: 'pause' }, { type: 'analysis', minMillis: 1 }],
      }),
    );
    rollout.reach('Paused');
    const requests = [{ verb: 'resume', by: 'ada', why: '' }] as const;
    expect(rollout.look({ requests, ready: { stable: 1, candidate: 0 } })).toMatchObject({ step: 2 });
  });
});

describe('the surroundings', () => {
  it('waits for ready pods of both versions, and gives up on the candidate alone', () => {
    const rollout = new Rollout();
    rollout.reach('Warming');
    for (let looks = 0; looks < 30; looks += 1) {
      expect(rollout.look({ ready: { stable: 0, candidate: 1 } }).phase).toBe('Warming');
    }
    rollout.until(({ phase }) => phase === 'Aborting', { ready: { stable: 1, candidate: 0 } }, 20);
  });

  it('aborts when the candidate stays without ready pods', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    rollout.until(({ phase }) => phase === 'Aborting', { ready: { stable: 1, candidate: 0 }, counts: interval() }, 20);
  });

  it('is aborted everywhere when a proxy was told to abort', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    const proxies = { all: 2, serving: 1, isApplied: false, highestRevision: 2, aborted: 'pod gateway-1' };
    expect(rollout.look({ proxies }).phase).toBe('Aborting');
  });

  it('is aborted when that was decided before and not written', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing');
    expect(rollout.look({ abort: 'guardrail failed' })).toMatchObject({
      phase: 'Aborting',
      reason: 'guardrail failed',
    });
  });

  it('goes above the revisions that proxies know, when the state was lost', () => {
    const found = next(
      rolloutConfig(),
      { revision: 0 },
      look(0, { proxies: { serving: 0, isApplied: false, highestRevision: 41 } }),
      NOW,
    );
    expect(found.state).toMatchObject({ phase: 'Pending', revision: 42 });
  });

  it('returns to the stable version first when the state is of another candidate, or not understood', () => {
    const rollout = new Rollout();
    rollout.reach('Progressing', 1);
    const { state } = rollout;
    const other = rolloutConfig({ candidate: { ...rolloutConfig().candidate, version: 'v3' } });
    for (const [config, remembered] of [
      [other, { state, revision: state!.revision }],
      [rollout.config, { flaw: 'phase: Invalid option', revision: state!.revision }],
    ] as const) {
      const found = next(config, remembered, look(state!.revision), NOW);
      expect(found.state).toMatchObject({ phase: 'Pending', step: -1, counts: [], tests: {} });
      expect(splitOf(config, found.state)).toMatchObject({ candidateWeight: 0, mirror: 0, pinned: false });
      expect(found.state.revision).toBeGreaterThan(state!.revision);
    }
  });

  it('stays promoted when a guardrail is edited afterwards', () => {
    const rollout = new Rollout();
    const state = rollout.reach('Promoted');
    const found = next(
      rolloutConfig({ maxStepMillis: 1 }),
      { state, revision: state.revision },
      look(state.revision),
      NOW,
    );
    expect(found.state.phase).toBe('Promoted');
  });
});

describe('a guardrail of an outcome', () => {
  const metric = { name: 'revenue', source: 'reported' };
  const guardrail = {
    name: 'revenue',
    type: 'outcome',
    outcome: 'revenue',
    direction: 'lower-is-worse',
    margin: 0.1,
    alpha: 0.01,
    minSamples: 1000,
  };
  const config = rolloutConfig({ outcomes: [metric], guardrails: [...rolloutConfig().guardrails, guardrail] });

  /** Values with a mean, and a standard deviation of 1. */
  const values = (n: number, mean: number) => ({ n, sum: n * mean, sumSquares: n * mean * mean + (n - 1) });
  const came = (rollout: Rollout, candidate: number) => (): Partial<Look> => {
    const outcomes = { revenue: { stable: values(5000, 2), candidate: values(5000, candidate) } };
    return { counts: { ...traffic(rollout.weight), outcomes } };
  };

  it('lets a candidate pass that earns as much, by the values of the last step alone', () => {
    const rollout = new Rollout(config);
    rollout.reach('Progressing');
    rollout.until(({ phase }) => phase === 'Promoting', came(rollout, 2));
    const evidence = rollout.decisions.find(({ kind }) => kind === 'promoting')?.evidence ?? {};
    expect(evidence.revenue).toMatchObject({
      test: 'mean',
      outcome: 'pass',
      strata: [{ name: 'step 1' }, { name: 'step 2' }],
    });
    expect(evidence['revenue (this step alone)']).toMatchObject({ outcome: 'pass', strata: [{ name: 'step 2' }] });
  });

  it('turns a candidate back that earns less than the margin allows, with the numbers', () => {
    const rollout = new Rollout(config);
    rollout.reach('Progressing');
    rollout.until(({ phase }) => phase === 'Aborting', came(rollout, 1.7));
    expect(rollout.state).toMatchObject({ step: 0, phase: 'Aborting' });
    expect(rollout.state?.reason).toContain('revenue: the mean 1.7 of');
    expect(rollout.decisions.at(-1)?.evidence?.revenue).toMatchObject({ mean: 1.7, stableMean: 2, margin: 0.1 });
  });

  it('goes the other way where less is better', () => {
    const other = { ...config, guardrails: [{ ...guardrail, direction: 'higher-is-worse' }] };
    const rollout = new Rollout(other);
    rollout.reach('Progressing');
    rollout.until(({ phase }) => phase === 'Aborting', came(rollout, 2.3));
    expect(rollout.state?.step).toBe(0);
  });

  it('is not passed without values: the step stays, and a person is asked', () => {
    const rollout = new Rollout(config);
    rollout.reach('Progressing');
    const state = rollout.until(({ phase }) => phase !== 'Progressing');
    expect(state).toMatchObject({ phase: 'Paused', step: 0, pausedFor: 'undecided' });
    expect(state.evidence.revenue.outcome).toBe('no-data');
  });

  it('holds while values are missing, then does what is configured; failures still end it', () => {
    const rollout = new Rollout(config);
    rollout.reach('Progressing');
    const missingOutcomes = 'Prometheus is away';
    const held = rollout.until(
      ({ phase }) => phase !== 'Progressing',
      () => ({ ...came(rollout, 2)(), missingOutcomes }),
    );
    expect(held).toMatchObject({ phase: 'Paused', pausedFor: 'missing-data', clock: { observed: 0 } });
    expect(held.reason).toContain(missingOutcomes);
    const failing = new Rollout(config);
    failing.reach('Progressing');
    failing.errorRate = 0.5;
    failing.until(({ phase }) => phase === 'Aborting', { missingOutcomes, counts: traffic(1000, 0.5) });
    expect(failing.state?.reason).toContain('errors');
  });

  it('says nothing while the versions did not get their shares of the requests', () => {
    const rollout = new Rollout(config);
    rollout.reach('Progressing');
    const outcomes = { revenue: { stable: values(5000, 2), candidate: values(5000, 1) } };
    rollout.look({ counts: { ...interval({ stable: arm(500), candidate: arm(500) }), outcomes } });
    expect(rollout.state).toMatchObject({ phase: 'Paused', pausedFor: 'sample-ratio' });
    expect(rollout.state?.evidence.revenue).toMatchObject({
      outcome: 'undecided',
      reason: expect.stringContaining('withheld'),
    });
  });

  it('is not judged by a shadow, from which nothing comes', () => {
    const steps = [{ type: 'shadow', share: 10_000, minSamples: 10 }, ...config.steps];
    const rollout = new Rollout({ ...config, steps });
    rollout.reach('Progressing');
    const counts = interval({ stable: arm(1000), shadow: arm(1000) });
    rollout.until(({ step }) => step === 1, { counts });
    expect(rollout.decisions.find(({ kind, step }) => kind === 'step' && step === 1)?.evidence).not.toHaveProperty(
      'revenue',
    );
  });
});

describe('a header step', () => {
  it('waits for requests with the header, which count for nothing else', () => {
    const rollout = new Rollout(
      rolloutConfig({ steps: [{ type: 'header', minMillis: 10_000, minSamples: 30 }, ...rolloutConfig().steps] }),
    );
    rollout.reach('Progressing');
    const stays = { counts: interval({ stable: arm(1000) }) };
    for (let looks = 0; looks < 5; looks += 1) {
      expect(rollout.look(stays)).toMatchObject({ step: 0, phase: 'Progressing' });
    }
    expect(rollout.state?.reason).toBe('0 of 30 requests with the header');
    const failing = { counts: interval({ stable: arm(1000), pin: arm(10, 10) }) };
    expect(rollout.look(failing)).toMatchObject({ step: 0, phase: 'Progressing' });
    rollout.look(failing);
    expect(rollout.look(failing)).toMatchObject({ step: 1, phase: 'Progressing' });
    expect(rollout.state?.evidence).toEqual({});
  });
});
