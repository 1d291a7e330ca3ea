import * as z from 'zod';
import { absolutePath, httpUrl, rule, text, violationsOf, wholeNumber } from './values';

const SINKS = ['file', 'http'] as const;
const FIELDS = { file: ['path', 'maxBytes'], http: ['url'] } as const;

const fields = z
  .strictObject({
    type: rule((type) => SINKS.some((known) => known === type), `is one of ${SINKS.join(', ')}`, 'Choose one of them.'),
    path: absolutePath.optional(),
    maxBytes: wholeNumber(1024, Number.MAX_SAFE_INTEGER).optional(),
    url: httpUrl.optional(),
    authorizationPath: absolutePath.optional(),
  })
  .readonly();

const sink = violationsOf(fields, (value) => [
  ...SINKS.flatMap((type) =>
    FIELDS[type].flatMap((key) =>
      (value[key] !== undefined) === (value.type === type)
        ? []
        : [{ path: key, rule: `is given for the type ${type}, and for no other`, fix: 'Write or remove it.' }],
    ),
  ),
  ...(value.authorizationPath !== undefined && value.type !== 'http'
    ? [{ path: 'authorizationPath', rule: 'is given for the type http alone', fix: 'Remove it.' }]
    : []),
]);

/** The contract's `PredictionLogConfig`. */
export const predictionLogSchema = z
  .strictObject({
    sampleRatio: z.number().gt(0).lte(1),
    redact: z.array(text),
    maxQueuedEvents: wholeNumber(1, 1_000_000),
    sink,
  })
  .readonly();
