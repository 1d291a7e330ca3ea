import * as z from 'zod';
import type { FeatureLookupConfig } from '../contract';
import { absolutePath, hostAndPort, milliseconds, rule, text, violationsOf, wholeNumber } from './values';

const feature = z
  .strictObject({
    name: text,
    input: text,
    column: wholeNumber(0, 1_000_000).optional(),
    defaultValue: z.union([z.number(), z.string(), z.boolean()]).optional(),
  })
  .readonly();

/** TLS to a server of Redis. */
export const redisTlsSchema = z
  .strictObject({ caPath: absolutePath.optional(), serverName: text.optional() })
  .readonly();

const fields = z
  .strictObject({
    type: rule((type) => type === 'redis', "is 'redis'", 'No other feature store can be asked.'),
    address: hostAndPort,
    database: wholeNumber(0, 65_535).optional(),
    username: text.optional(),
    passwordPath: absolutePath.optional(),
    tls: redisTlsSchema.optional(),
    entity: text,
    key: rule((key) => key.split('{entity}').length === 2, "holds '{entity}' once", "For example 'card:{entity}'."),
    features: z.array(feature).min(1),
    timeoutMillis: milliseconds,
    timestampField: text.optional(),
    maxAgeMillis: milliseconds.optional(),
  })
  .readonly();

/** The contract's {@link FeatureLookupConfig}, with the rules that tie its fields together. */
export const featuresSchema = violationsOf(fields, (lookup) => [
  ...(lookup.maxAgeMillis !== undefined && lookup.timestampField === undefined
    ? [
        {
          path: 'maxAgeMillis',
          rule: 'stands beside timestampField',
          fix: 'Name the field with the time of the last change.',
        },
      ]
    : []),
  ...repeatedTargets(lookup).map((index) => ({
    path: `features[${index}]`,
    rule: 'fills an input, or a column of it, that no other feature fills',
    fix: 'Give it another input or column, or remove it.',
  })),
  ...mixedTargets(lookup).map((index) => ({
    path: `features[${index}]`,
    rule: 'has a column, as the other features of the same input',
    fix: 'Give every feature of this input a column.',
  })),
]);

function repeatedTargets({ features }: FeatureLookupConfig): number[] {
  const targets = features.map(({ input, column }) => JSON.stringify([input, column]));
  return targets.flatMap((target, index) => (targets.indexOf(target) < index ? [index] : []));
}

function mixedTargets({ features }: FeatureLookupConfig): number[] {
  return features.flatMap(({ input, column }, index) =>
    column === undefined && features.some((other) => other.input === input && other.column !== undefined)
      ? [index]
      : [],
  );
}
