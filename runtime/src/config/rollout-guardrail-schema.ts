import * as z from 'zod';
import { VERSION_PLACEHOLDER } from '../contract';
import { type FieldViolation, httpUrl, name, rule, text, violationsOf, wholeNumber } from './values';

/** More than there can be. */
export const MAX_COUNT = 1_000_000_000;

const GUARDRAILS = ['errorRate', 'errorRateIncrease', 'latency', 'latencyIncrease', 'disagreement', 'outcome'] as const;
const DIRECTIONS = ['higher-is-worse', 'lower-is-worse'] as const;

const part = z.number().min(0).lt(1);
const positive = z.number().refine((value) => value > 0, {
  message: 'is above 0',
  params: { fix: 'Write a larger number, or leave the key out.' },
});
const probability = z.number().refine((value) => value > 0 && value < 1, {
  message: 'is between 0 and 1, both excluded',
  params: { fix: 'For example 0.01.' },
});
/** One of a closed set of texts. */
export const oneOf = (known: readonly string[]) =>
  rule((value) => known.includes(value), `is one of ${known.join(', ')}`, 'Choose one of them.');

const RULES: Readonly<Record<string, readonly string[]>> = {
  errorRate: ['max'],
  errorRateIncrease: ['margin'],
  latency: ['max', 'budgetMillis'],
  latencyIncrease: ['margin', 'budgetMillis'],
  disagreement: ['max'],
  outcome: ['margin', 'outcome', 'direction'],
};

const guardrailFields = z
  .strictObject({
    name: text,
    type: oneOf(GUARDRAILS),
    max: part.optional(),
    margin: z.number().min(0).optional(),
    budgetMillis: positive.optional(),
    tolerance: z.number().min(0).optional(),
    outcome: text.optional(),
    direction: oneOf(DIRECTIONS).optional(),
    alpha: probability,
    minSamples: wholeNumber(0, MAX_COUNT),
  })
  .readonly();

/** A guardrail of a rollout. */
export const guardrail = violationsOf(guardrailFields, (value) => [
  ...(['max', 'margin', 'budgetMillis', 'outcome', 'direction'] as const).flatMap((key) =>
    given(key, value[key], (RULES[value.type] ?? []).includes(key), `the type ${value.type}`),
  ),
  ...(value.tolerance !== undefined && value.type !== 'disagreement'
    ? [{ path: 'tolerance', rule: 'is given for the type disagreement alone', fix: 'Remove it.' }]
    : []),
  ...(value.type !== 'outcome' && value.margin !== undefined && value.margin >= 1
    ? [{ path: 'margin', rule: 'is below 1: it is a share', fix: 'For example 0.01.' }]
    : []),
]);

const query = rule(
  (value) => value.includes(VERSION_PLACEHOLDER),
  `has ${VERSION_PLACEHOLDER} in it`,
  `Write for example shop_revenue_count{version="${VERSION_PLACEHOLDER}"}.`,
);

const outcomeFields = z
  .strictObject({
    name,
    source: oneOf(['reported', 'prometheus']),
    ratio: z.boolean().optional(),
    cap: positive.optional(),
    url: httpUrl.optional(),
    queries: z.strictObject({ count: query, sum: query, sumSquares: query }).readonly().optional(),
  })
  .readonly();

/** A metric of outcome guardrails. */
export const outcome = violationsOf(outcomeFields, ({ source, ratio, cap, url, queries }) => [
  ...(['url', 'queries'] as const).flatMap((key) =>
    given(key, { url, queries }[key], source === 'prometheus', `the source ${source}`),
  ),
  ...(['ratio', 'cap'] as const)
    .filter((key) => source !== 'reported' && { ratio, cap }[key] !== undefined)
    .map((key) => ({ path: key, rule: 'is given for the source reported alone', fix: 'Remove it.' })),
]);

/** A key that must be there exactly when it has a meaning. */
export function given(path: string, value: unknown, isNeeded: boolean, where: string): FieldViolation[] {
  if ((value !== undefined) === isNeeded) {
    return [];
  }
  return [
    isNeeded
      ? { path, rule: `is given for ${where}`, fix: 'Write it, or change the type.' }
      : { path, rule: `is absent for ${where}`, fix: 'Remove it, or change the type.' },
  ];
}
