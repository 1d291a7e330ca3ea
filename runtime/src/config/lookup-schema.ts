import * as z from 'zod';
import { LOOKUP_SCHEMA, type LookupConfig } from '../contract';
import { ConfigurationError } from './error';
import { redisTlsSchema } from './features-schema';
import { problemsOf } from './problems';
import { currentSandbox } from './sandbox';
import { mirrors, serverSchema } from './schema';
import { inSandbox, portClashes } from './serving-config';
import { absolutePath, hostAndPort, milliseconds, name, rule, text, violationsOf, wholeNumber } from './values';

const table = z
  .strictObject({
    address: hostAndPort,
    database: wholeNumber(0, 65_535).optional(),
    username: text.optional(),
    passwordPath: absolutePath.optional(),
    tls: redisTlsSchema.optional(),
    table: text,
  })
  .readonly();

const lookup = z
  .strictObject({
    name,
    version: name,
    table,
    key: text,
    timeoutMillis: milliseconds,
    maxAgeMillis: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
    defaultPrediction: z.record(z.string(), z.unknown()).readonly().optional(),
  })
  .readonly();

const fields = z
  .strictObject({
    schema: rule(
      (schema) => schema === LOOKUP_SCHEMA,
      `is '${LOOKUP_SCHEMA}'`,
      'Use the runtime image that belongs to the version of the library that wrote this file.',
    ),
    lookups: z.array(lookup).min(1),
    server: serverSchema,
  })
  .readonly();

const lookupSchema = violationsOf(mirrors<LookupConfig>()(fields), ({ lookups, server }) => [
  ...lookups.flatMap((own, index) =>
    lookups.findIndex((other) => other.name === own.name) < index
      ? [{ path: `lookups[${index}].name`, rule: 'is unique', fix: 'Give every lookup another name.' }]
      : [],
  ),
  ...portClashes({ ...server }).map(({ path, rule: broken, fix }) => ({ path, rule: broken, fix: fix ?? '' })),
  ...(server.management === undefined
    ? []
    : [{ path: 'server.management', rule: 'is absent', fix: 'Remove it: tables are neither loaded nor unloaded.' }]),
]);

/**
 * Checks a configuration of a prediction lookup that is already parsed.
 *
 * @returns the configuration, with the paths, ports and servers of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function readLookupConfig(input: unknown, subject: string): LookupConfig {
  const parsed = lookupSchema.safeParse(input);
  if (!parsed.success) {
    throw new ConfigurationError(subject, problemsOf(parsed.error.issues, input));
  }
  const sandbox = currentSandbox();
  return sandbox === undefined ? parsed.data : inSandbox(parsed.data, sandbox);
}
