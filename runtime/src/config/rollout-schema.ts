import * as z from 'zod';
import { ROLLOUT_SCHEMA, type RolloutConfig, WHOLE_SHARE } from '../contract';
import { ConfigurationError, type ConfigurationProblem } from './error';
import { withContainerPaths, withStandIns } from './in-sandbox';
import { parseFile } from './parse-file';
import { problemsOf } from './problems';
import { given, guardrail, MAX_COUNT, oneOf, outcome } from './rollout-guardrail-schema';
import { currentSandbox } from './sandbox';
import { absolutePath, httpUrl, milliseconds, name, rule, sha256, text, violationsOf, wholeNumber } from './values';

const STEPS = ['shadow', 'weight', 'header', 'pause', 'analysis'] as const;

const port = wholeNumber(1, 65_535);
const arm = z
  .strictObject({
    version: name,
    sha256: sha256.optional(),
    url: httpUrl,
    minReady: wholeNumber(1, MAX_COUNT),
    podsHost: text,
    clusters: z.array(text).min(1),
    shadowClusters: z.array(text),
    pinClusters: z.array(text).optional(),
  })
  .readonly();

const stepFields = z
  .strictObject({
    type: oneOf(STEPS),
    share: wholeNumber(0, WHOLE_SHARE).optional(),
    comparison: wholeNumber(0, WHOLE_SHARE).optional(),
    minMillis: milliseconds.optional(),
    minSamples: wholeNumber(0, MAX_COUNT).optional(),
  })
  .readonly();

const step = violationsOf(stepFields, ({ type, share, comparison, minMillis }) => [
  ...given('share', share, type === 'weight' || type === 'shadow', `the type ${type}`),
  ...(comparison !== undefined && type !== 'shadow'
    ? [{ path: 'comparison', rule: 'is given for the type shadow alone', fix: 'Remove it.' }]
    : []),
  ...(type === 'weight' && share === WHOLE_SHARE
    ? [
        {
          path: 'share',
          rule: `is below ${WHOLE_SHARE}: nothing could be compared any more`,
          fix: 'Remove the step; promotion follows the last one.',
        },
      ]
    : []),
  ...(type === 'analysis' && minMillis === undefined
    ? [{ path: 'minMillis', rule: 'is given for the type analysis', fix: 'Say how long it lasts.' }]
    : []),
]);

const labelName = rule(
  (value) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(value),
  'is the name of a label',
  'For example namespace.',
);

const metricsFields = z
  .strictObject({
    type: oneOf(['direct', 'prometheus']),
    url: httpUrl.optional(),
    labels: z.record(labelName, z.string()).optional(),
    timeoutMillis: milliseconds,
  })
  .readonly();

const metrics = violationsOf(metricsFields, ({ type, url, labels }) => [
  ...given('url', url, type === 'prometheus', `the type ${type}`),
  ...(labels !== undefined && type !== 'prometheus'
    ? [{ path: 'labels', rule: 'is given for the type prometheus alone', fix: 'Remove it.' }]
    : []),
]);

const rolloutFields = z
  .strictObject({
    schema: rule(
      (schema) => schema === ROLLOUT_SCHEMA,
      `is '${ROLLOUT_SCHEMA}'`,
      'Use the runtime image that belongs to the version of the library that wrote this file.',
    ),
    name: text,
    model: name,
    stable: arm,
    candidate: arm,
    gateway: z.strictObject({ podsHost: text, agentPort: port, metricsPort: port }).readonly(),
    metrics,
    outcomes: z.array(outcome).optional(),
    steps: z.array(step).min(1),
    guardrails: z.array(guardrail).min(1),
    missingData: z.strictObject({ holdMillis: milliseconds, action: oneOf(['pause', 'abort']) }).readonly(),
    intervalMillis: milliseconds,
    maxStepMillis: milliseconds,
    readyTimeoutMillis: milliseconds,
    sticky: z.boolean().optional(),
    notifications: z.array(z.strictObject({ url: httpUrl, authorizationPath: absolutePath.optional() }).readonly()),
    statusPage: z.boolean(),
  })
  .readonly();

/** Read again, loosely, so that these are found together with whatever else is wrong. */
const loosely = z.object({
  stable: z.object({ version: z.unknown() }).catch({ version: 0 }),
  candidate: z.object({ version: z.unknown(), pinClusters: z.unknown().optional() }).catch({ version: 1 }),
  steps: z
    .array(
      z.object({
        comparison: z.unknown().optional(),
        minSamples: z.unknown().optional(),
        share: z.unknown().optional(),
        type: z.unknown(),
      }),
    )
    .catch([]),
  guardrails: z.array(z.object({ name: z.unknown(), type: z.unknown(), outcome: z.unknown().optional() })).catch([]),
  outcomes: z.array(z.object({ name: z.unknown() })).catch([]),
});

/**
 * Reads and checks the configuration file of a rollout.
 *
 * @param file path of the file inside the container
 * @returns the configuration, with the paths and servers of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function loadRolloutConfig(file: string): RolloutConfig {
  const config = readRolloutConfig(parseFile(file), `configuration ${file}`);
  const sandbox = currentSandbox();
  return sandbox === undefined ? config : withStandIns(withContainerPaths(config), sandbox);
}

/**
 * Checks a configuration of a rollout that is already parsed.
 *
 * @throws ConfigurationError with everything that is wrong at once
 */
export function readRolloutConfig(input: unknown, subject: string): RolloutConfig {
  const parsed = rolloutFields.safeParse(input);
  const problems = [...(parsed.success ? [] : problemsOf(parsed.error.issues, input)), ...clashes(input)];
  if (!parsed.success || problems.length > 0) {
    throw new ConfigurationError(subject, problems);
  }
  return parsed.data;
}

/** Rules that tie several values together. */
function clashes(input: unknown): ConfigurationProblem[] {
  const { data } = loosely.safeParse(input);
  if (data === undefined) {
    return [];
  }
  const { stable, candidate, steps, guardrails, outcomes } = data;
  const names = guardrails.map((one) => one.name);
  const isCompared = steps.some(({ comparison }) => typeof comparison === 'number' && comparison > 0);
  const gives = (...types: unknown[]) =>
    steps.some(({ type, share }) => types.includes(type) && typeof share === 'number' && share > 0);
  return [
    ...(stable.version === candidate.version
      ? [{ path: 'candidate.version', rule: 'is another version than the stable one', fix: 'Name another version.' }]
      : []),
    ...names.flatMap((one, index) =>
      names.indexOf(one) < index
        ? [{ path: `guardrails[${index}].name`, rule: 'is unique', fix: 'Give every guardrail another name.' }]
        : [],
    ),
    ...steps.flatMap(({ type, minSamples }, index) =>
      type === 'header' && minSamples !== undefined && candidate.pinClusters === undefined
        ? [
            {
              path: `steps[${index}].minSamples`,
              rule: 'is absent where requests with the header have no clusters of their own',
              fix: 'Name them in candidate.pinClusters, or wait for the time alone.',
            },
          ]
        : [],
    ),
    ...outcomes.flatMap(({ name: own }, index) =>
      outcomes.findIndex((one) => one.name === own) < index
        ? [{ path: `outcomes[${index}].name`, rule: 'is unique', fix: 'Give every metric another name.' }]
        : [],
    ),
    ...guardrails.flatMap(({ type, outcome: metric }, index) =>
      type === 'outcome' && !outcomes.some((one) => one.name === metric)
        ? [
            {
              path: `guardrails[${index}].outcome`,
              rule: 'is the name of one of the outcomes',
              fix: 'Declare the metric in outcomes, or name another one.',
            },
          ]
        : [],
    ),
    ...guardrails.flatMap(({ type }, index) =>
      type === 'outcome' && !gives('weight')
        ? [
            {
              path: `guardrails[${index}]`,
              rule: 'has a weight step above 0: nothing comes of mirrored requests',
              fix: 'Add one, or remove the guardrail.',
            },
          ]
        : [],
    ),
    ...guardrails.flatMap(({ type }, index) =>
      type === 'disagreement' && !isCompared
        ? [
            {
              path: `guardrails[${index}]`,
              rule: 'has a shadow step whose answers are compared',
              fix: 'Give a shadow step a comparison, or remove the guardrail.',
            },
          ]
        : [],
    ),
    ...(guardrails.some(({ type }) => type !== 'disagreement' && type !== 'outcome') && !gives('weight', 'shadow')
      ? [
          {
            path: 'steps',
            rule: 'have one that gives the candidate requests: a weight or a shadow above 0',
            fix: 'Add one, else no guardrail is ever judged.',
          },
        ]
      : []),
  ];
}
