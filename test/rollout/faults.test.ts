import * as fc from 'fast-check';
import type { Decision } from '../../runtime/src/rollout/state';
import { rolloutConfig } from './support';
import { type ApiFault, Process, runUntil, World } from './world';

/** Schedules for each property; more on request, to search. */
const RUNS = Number(process.env.ROLLOUT_RUNS ?? 40);

const ENDED = ['Promoted', 'RolledBack', 'Paused'];
const realFetch = globalThis.fetch;

afterEach(() => {
  globalThis.fetch = realFetch;
});

/** A world that is held against what must always be so, second by second. */
function guardedWorld(candidateErrors: number): World {
  const config = rolloutConfig();
  const world = new World(config);
  globalThis.fetch = world.fetch as typeof fetch;
  world.rate = 20;
  world.candidateErrors = candidateErrors;
  let revision = 0;
  let reached = -1;
  let isPromoting = false;
  world.watchers.push(() => {
    const { state } = world;
    if (state !== undefined) {
      expect(state.revision).toBeGreaterThanOrEqual(revision);
      revision = state.revision;
      reached = Math.max(reached, state.step);
      isPromoting ||= state.phase === 'Promoting' || state.phase === 'Promoted';
    }
    const allowed = [
      0,
      ...config.steps.slice(0, reached + 1).map(({ share = 0 }) => share),
      ...(isPromoting ? [10_000] : []),
    ];
    for (const { agent } of world.pods) {
      expect(allowed).toContain(agent.shares(world.now).candidateWeight);
    }
  });
  return world;
}

/** Every promotion rests on evidence: over all steps, and of the last one alone. */
function expectEvidence(decisions: readonly Decision[]): void {
  for (const { evidence } of decisions.filter(({ kind }) => kind === 'promoting')) {
    expect(evidence).toMatchObject({ errors: { outcome: 'pass' }, 'errors (this step alone)': { outcome: 'pass' } });
  }
}

const ended = (world: World) => () => ENDED.includes(world.state?.phase ?? '');

describe('a controller that dies', () => {
  /** Requests that a whole rollout makes of the API. */
  const REQUESTS = Array.from({ length: 90 }, (_, index) => index);

  it('is continued by the next one, whichever request was its last', async () => {
    for (const requests of REQUESTS) {
      const world = guardedWorld(0.01);
      const first = new Process(world);
      first.budget = requests;
      await runUntil(world, [first], () => first.isDead || ended(world)());
      await runUntil(world, [new Process(world)], ended(world));
      expect([requests, world.state?.phase]).toEqual([requests, 'Promoted']);
      expectEvidence(world.decisions);
    }
  }, 120_000);

  it('is continued when its last write was done, and it did not learn that', async () => {
    for (const requests of REQUESTS) {
      const world = guardedWorld(0.01);
      const first = new Process(world);
      let left = requests;
      world.nextFault = () => {
        left -= 1;
        first.budget = left <= 0 ? -1 : first.budget;
        return left === 0 ? 'lost' : undefined;
      };
      await runUntil(world, [first], () => first.isDead || ended(world)());
      world.nextFault = () => undefined;
      await runUntil(world, [new Process(world)], ended(world));
      expect([requests, world.state?.phase]).toEqual([requests, 'Promoted']);
      expectEvidence(world.decisions);
    }
  }, 120_000);

  it('never leaves a bad candidate with a share', async () => {
    for (const requests of REQUESTS.slice(0, 45)) {
      const world = guardedWorld(0.3);
      const first = new Process(world);
      first.budget = requests;
      await runUntil(world, [first], () => first.isDead || ended(world)());
      await runUntil(world, [new Process(world)], ended(world));
      expect([requests, world.state?.phase]).toEqual([requests, 'RolledBack']);
      expect(world.mostWeight).toBeLessThanOrEqual(1000);
    }
  }, 120_000);
});

/** What goes wrong in one turn. */
type Trouble =
  | { readonly type: 'api'; readonly fault: ApiFault; readonly times: number }
  | {
      readonly type: 'proxy';
      readonly pod: number;
      readonly what: 'scrape' | 'answer' | 'inform' | 'NaN' | 'empty' | 'cut' | 'restarted';
    }
  | { readonly type: 'die' }
  | { readonly type: 'join' }
  | { readonly type: 'time'; readonly millis: number }
  | { readonly type: 'date'; readonly millis: number }
  | { readonly type: 'unready' }
  | { readonly type: 'garbage'; readonly key: string }
  | { readonly type: 'mend' };

const pods = fc.integer({ min: 0, max: 1 });
const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ type: 'mend' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('api' as const),
      fault: fc.constantFrom<ApiFault>('error', 'lost', 'conflict', 'stale'),
      times: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('proxy' as const),
      pod: pods,
      what: fc.constantFrom('scrape', 'answer', 'inform', 'NaN', 'empty', 'cut', 'restarted'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'die' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'join' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('time' as const), millis: fc.integer({ min: 0, max: 200_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('date' as const), millis: fc.integer({ min: -1e9, max: 1e9 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'unready' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('garbage' as const),
      key: fc.constantFrom('state.json', 'decisions.jsonl', 'heartbeat', 'status.json'),
    }),
  },
);

class Schedule {
  processes: Process[];
  private faults: ApiFault[] = [];

  constructor(readonly world: World) {
    this.processes = [new Process(world)];
    world.nextFault = () => this.faults.shift();
  }

  cause(what: Trouble): void {
    const { world } = this;
    switch (what.type) {
      case 'api':
        this.faults.push(...Array.from({ length: what.times }, () => what.fault));
        return;
      case 'proxy': {
        const pod = world.pods[what.pod];
        if (what.what === 'scrape') {
          pod.isScraped = false;
        } else if (what.what === 'answer') {
          pod.isAnswering = false;
        } else if (what.what === 'inform') {
          pod.isInformed = false;
        } else {
          pod.metrics = what.what;
        }
        return;
      }
      case 'die':
        this.processes[0].budget = -1;
        this.processes = [...this.processes.slice(1), new Process(world)];
        return;
      case 'join': {
        const process = new Process(world);
        process.clockRate = 1.02;
        this.processes = [...this.processes, process].slice(-3);
        return;
      }
      case 'time':
        world.pass(what.millis);
        return;
      case 'date':
        this.processes[0].clockOffset = what.millis;
        return;
      case 'unready':
        world.readyPods = { ...world.readyPods, candidate: 0 };
        return;
      case 'garbage':
        world.configMap.data = { ...world.configMap.data, [what.key]: '{"revision":' };
        return;
      default:
        this.mend();
    }
  }

  mend(): void {
    this.faults = [];
    this.world.readyPods = { stable: 2, candidate: 2 };
    for (const pod of this.world.pods) {
      pod.isScraped = true;
      pod.isAnswering = true;
      pod.isInformed = true;
      pod.metrics = undefined;
    }
    this.world.inform();
  }

  async run(troubles: readonly Trouble[]): Promise<void> {
    const { world } = this;
    for (const what of troubles) {
      this.cause(what);
      for (const process of this.processes) {
        await process.turn();
      }
      world.pass(5000);
    }
    this.mend();
    await runUntil(world, this.processes, ended(world));
  }
}

describe('any order of faults', () => {
  const troubles = fc.array(trouble, { maxLength: 40 });

  it('never promotes a bad candidate, never gives it more than its plan, and always ends', async () => {
    await fc.assert(
      fc.asyncProperty(troubles, async (list) => {
        const world = guardedWorld(0.3);
        await new Schedule(world).run(list);
        expect(world.mostWeight).toBeLessThanOrEqual(1000);
        expect(['RolledBack', 'Paused']).toContain(world.state?.phase);
        expect(world.decisions.map(({ kind }) => kind)).not.toContain('promoting');
      }),
      { numRuns: RUNS },
    );
  }, 600_000);

  it('promotes a good candidate with evidence alone, never gives it more than its plan, and always ends', async () => {
    await fc.assert(
      fc.asyncProperty(troubles, async (list) => {
        const world = guardedWorld(0.01);
        await new Schedule(world).run(list);
        expectEvidence(world.decisions);
        if (world.state?.phase === 'Promoted') {
          world.pass(600_000);
          expect(world.pods.map(({ agent }) => agent.shares(world.now).candidateWeight)).toEqual([10_000, 10_000]);
        }
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});
