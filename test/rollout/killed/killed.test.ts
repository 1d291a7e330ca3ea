import { Agent } from 'node:http';
import { join } from 'node:path';
import type { AgentStatus } from '../../../lib/contract';
import type { Phase } from '../../../runtime/src/rollout/state';
import { ENVOY, send } from '../../support/envoy';
import { eventually } from '../../support/eventually';
import { describeWith } from '../../support/requires';
import { temporaryDirectory } from '../../support/temporary';
import { type KilledRollout, type KilledRollouts, mostWeight, type Plan, startKilledRollouts } from './controllers';
import type { Moment } from './lethal-api';

/** So many moments more, one after the other through the requests of a controller; on request, to search. */
const MORE = Number(process.env.ROLLOUT_KILLS ?? 0);

/** Controllers that run at a time. */
const AT_A_TIME = 10;

/** Longest time of the rollouts: half a minute, of which the lease of a killed controller takes 15 s, and much more beside others. */
const LONGEST_MILLIS = 240_000;
const TEST_MILLIS = LONGEST_MILLIS + 60_000;

const directory = temporaryDirectory();

/** The write by which a rollout gets into a phase. */
function writeOf(phase: Phase, step?: number): Moment['fits'] {
  return ({ method, state }) =>
    method === 'PUT' && state?.phase === phase && (step === undefined || state.step === step);
}

interface Case extends Plan {
  readonly name: string;
}

const good = (name: string, fits: Moment['fits']): Case[] =>
  (['before', 'after'] as const).map((when) => ({ name: `${when} ${name}`, moment: { fits, when }, errors: 0 }));
const bad = (name: string, fits: Moment['fits']): Case[] => good(name, fits).map((each) => ({ ...each, errors: 0.5 }));

const MOMENTS: Case[] = [
  ...good('the first step', writeOf('Progressing', 0)),
  ...good('the second step', writeOf('Progressing', 1)),
  ...good('the promotion', writeOf('Promoting')),
  ...good('the end', writeOf('Promoted')).slice(0, 1),
  ...good('the lease', ({ method, resource }) => method === 'PUT' && resource === 'leases').slice(1),
  ...bad('the abort', writeOf('Aborting')),
];

const EVERY: Case[] = Array.from({ length: MORE }, (_, index) => index + 1).flatMap((count) => [
  ...good(`request ${count}`, ({ number }) => number === count),
  ...bad(`request ${count}, of a bad candidate`, ({ number }) => number === count),
]);

describeWith('controllers that are killed', ENVOY, () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  afterAll(() => agent.destroy());

  /** Sends requests to all models until it is ended. @returns what was answered that is no success, by model */
  function traffic({ envoy, rollouts }: KilledRollouts) {
    const failures = new Map<string, number>();
    let isOver = false;
    let sent = 0;
    const clients = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const { model } = rollouts[sent++ % rollouts.length];
        const { status } = await predict(envoy.port, model);
        if (status !== 200) {
          failures.set(model, (failures.get(model) ?? 0) + 1);
        }
      }
    });
    return {
      failures,
      end: () => {
        isOver = true;
        return Promise.all(clients);
      },
    };
  }

  const predict = (port: number, model: string) =>
    send(port, 'POST', `/v1/models/${model}:predict`, '{"instances":[[1]]}', {}, agent);

  /** Looks at what the proxy serves all the time, and holds it against what was written before. */
  async function guard({ agentPort, rollouts }: KilledRollouts, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const { body } = await send(agentPort, 'GET', '/status', undefined, {}, agent);
      const served = (body as AgentStatus).rollouts;
      for (const [index, { requests }] of rollouts.entries()) {
        const written = requests.flatMap(({ state }) => state ?? []);
        expect(served[`rollout-${index}`]?.candidateWeight ?? 0).toBeLessThanOrEqual(mostWeight(written));
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const isAtEnd = ({ state, kills }: KilledRollout) =>
    kills === 1 && (state?.phase === 'Promoted' || state?.phase === 'RolledBack');

  async function killAll(cases: readonly Case[], name: string): Promise<void> {
    const all = await startKilledRollouts(join(directory, name), cases);
    const requests = traffic(all);
    let isOver = false;
    const guarding = guard(all, () => isOver);
    try {
      const end = performance.now() + LONGEST_MILLIS;
      await Promise.race([
        guarding,
        (async () => {
          while (!all.rollouts.every(isAtEnd) && performance.now() < end) {
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        })(),
      ]);
      isOver = true;
      await guarding;
      await requests.end();
      const ends = all.rollouts.map(({ kills, state }, index) => {
        const isEnded = state?.phase === 'Promoted' || state?.phase === 'RolledBack';
        return [cases[index].name, kills, isEnded ? state.phase : `${state?.phase}: ${state?.reason}`];
      });
      expect(ends).toEqual(
        cases.map(({ name: moment, errors }) => [moment, 1, errors > 0 ? 'RolledBack' : 'Promoted']),
      );
      for (const [index, rollout] of all.rollouts.entries()) {
        const isGood = cases[index].errors === 0;
        checkWrites(rollout, isGood);
        await eventually(`${cases[index].name}: every request goes where it should`, async () => {
          const { headers } = await predict(all.envoy.port, rollout.model);
          return headers['x-version'] === (isGood ? 'v2' : 'v1');
        });
        if (isGood) {
          expect([cases[index].name, requests.failures.get(rollout.model) ?? 0]).toEqual([cases[index].name, 0]);
        }
      }
    } finally {
      isOver = true;
      await Promise.allSettled([guarding, requests.end()]);
      await all.close();
    }
  }

  /** Revisions never go back, the split is that of the state, and a promotion rests on evidence. */
  function checkWrites({ requests, decisions }: KilledRollout, isGood: boolean): void {
    const writes = requests.filter(({ state }) => state !== undefined);
    const revisions = writes.map(({ state }) => state?.revision ?? 0);
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    for (const { state, split } of writes) {
      expect(split?.candidateWeight).toBeLessThanOrEqual(mostWeight(state === undefined ? [] : [state]));
    }
    const promotions = decisions.filter(({ kind }) => kind === 'promoting');
    expect(promotions.length).toBe(isGood ? 1 : 0);
    for (const { evidence } of promotions) {
      expect(evidence).toMatchObject({ errors: { outcome: 'pass' }, 'errors (this step alone)': { outcome: 'pass' } });
    }
  }

  it(
    `are followed by others that end the rollout right: ${MOMENTS.map(({ name }) => name).join(', ')}`,
    async () => {
      await killAll(MOMENTS, 'moments');
    },
    TEST_MILLIS,
  );

  for (let first = 0; first < EVERY.length; first += AT_A_TIME) {
    const cases = EVERY.slice(first, first + AT_A_TIME);
    it(
      `${cases[0]?.name} and the next`,
      async () => {
        await killAll(cases, `every-${first}`);
      },
      TEST_MILLIS,
    );
  }
});
