import { ConfigurationError, readRolloutConfig } from '../../runtime/src/config';
import { rolloutConfig } from '../rollout/support';

function problems(changes: object): string[] {
  try {
    readRolloutConfig(JSON.parse(JSON.stringify({ ...rolloutConfig(), ...changes })), 'test');
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).exitCode).toBe(43);
    return (error as ConfigurationError).problems.map(({ path, rule }) => `${path}: ${rule}`);
  }
}

const { guardrails, steps, stable } = rolloutConfig();
const revenue = { name: 'revenue', source: 'reported' };
const outcome = {
  name: 'revenue',
  type: 'outcome',
  outcome: 'revenue',
  direction: 'lower-is-worse',
  margin: 1,
  alpha: 0.01,
  minSamples: 1000,
};

describe('the configuration of a rollout', () => {
  it('is read as it is written', () => {
    expect(readRolloutConfig(rolloutConfig(), 'test')).toEqual(rolloutConfig());
  });

  it.each([
    [{ schema: 'x' }, "schema: is 'model-serving-rollout/v1'"],
    [{ extra: 1 }, 'extra: is not a key of this configuration'],
    [{ candidate: stable }, 'candidate.version: is another version than the stable one'],
    [{ steps: [{ type: 'weight' }] }, 'steps[0].share: is given for the type weight'],
    [
      { steps: [{ type: 'weight', share: 10_000 }] },
      'steps[0].share: is below 10000: nothing could be compared any more',
    ],
    [{ steps: [...steps, { type: 'analysis' }] }, 'steps[2].minMillis: is given for the type analysis'],
    [{ steps: [{ type: 'pause' }] }, 'steps: have one that gives the candidate requests: a weight or a shadow above 0'],
    [{ guardrails: [...guardrails, ...guardrails] }, 'guardrails[1].name: is unique'],
    [{ guardrails: [{ ...guardrails[0], margin: 0.1 }] }, 'guardrails[0].margin: is absent for the type errorRate'],
    [{ guardrails: [{ ...guardrails[0], alpha: 0 }] }, 'guardrails[0].alpha: is between 0 and 1, both excluded'],
    [
      { guardrails: [{ name: 'd', type: 'disagreement', max: 0.1, alpha: 0.1, minSamples: 1 }] },
      'guardrails[0]: has a shadow step whose answers are compared',
    ],
    [{ guardrails: [{ ...outcome, direction: undefined }] }, 'guardrails[0].direction: is given for the type outcome'],
    [{ guardrails: [outcome] }, 'guardrails[0].outcome: is the name of one of the outcomes'],
    [{ guardrails: [{ ...guardrails[0], outcome: 'x' }] }, 'guardrails[0].outcome: is absent for the type errorRate'],
    [{ outcomes: [revenue, revenue] }, 'outcomes[1].name: is unique'],
    [{ outcomes: [{ name: 'x', source: 'prometheus' }] }, 'outcomes[0].url: is given for the source prometheus'],
    [{ outcomes: [{ ...revenue, cap: 0 }] }, 'outcomes[0].cap: is above 0'],
    [
      { outcomes: [{ ...revenue, queries: { count: 'x', sum: '{version}', sumSquares: '{version}' } }] },
      'outcomes[0].queries.count: has {version} in it',
    ],
    [
      { outcomes: [revenue], guardrails: [outcome], steps: [{ type: 'shadow', share: 1 }] },
      'guardrails[0]: has a weight step above 0: nothing comes of mirrored requests',
    ],
    [
      { guardrails: [{ name: 'i', type: 'errorRateIncrease', margin: 2, alpha: 0.1, minSamples: 1 }] },
      'guardrails[0].margin: is below 1: it is a share',
    ],
    [
      { steps: [{ type: 'header', minSamples: 5 }, ...steps] },
      'steps[0].minSamples: is absent where requests with the header have no clusters of their own',
    ],
    [
      { metrics: { type: 'direct', labels: {}, timeoutMillis: 1 } },
      'metrics.labels: is given for the type prometheus alone',
    ],
    [{ metrics: { type: 'prometheus', timeoutMillis: 1 } }, 'metrics.url: is given for the type prometheus'],
  ])('%j', (changes, problem) => {
    expect(problems(changes)).toContain(problem);
  });

  it('says everything that is wrong at once', () => {
    expect(problems({ schema: 'x', candidate: stable, steps: [], intervalMillis: 0 }).length).toBeGreaterThan(3);
  });
});
