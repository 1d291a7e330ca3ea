import * as z from 'zod';
import { milliseconds, name, rule, violationsOf, wholeNumber } from './values';

const TYPES = ['prediction', 'model', 'cached'] as const;

const fields = z
  .strictObject({
    type: rule((type) => TYPES.some((known) => known === type), `is one of ${TYPES.join(', ')}`, 'Choose one of them.'),
    prediction: z.record(z.string(), z.unknown()).readonly().optional(),
    model: z.strictObject({ name, version: name }).readonly().optional(),
    cached: z
      .strictObject({ maxBytes: wholeNumber(1024, Number.MAX_SAFE_INTEGER), maxAgeMillis: milliseconds })
      .readonly()
      .optional(),
  })
  .readonly();

/** The contract's `FallbackConfig`: what belongs to the type is there, and nothing else. */
export const fallbackSchema = violationsOf(fields, (fallback) =>
  TYPES.flatMap((key) => {
    const present = fallback[key] !== undefined;
    return present === (fallback.type === key)
      ? []
      : [
          {
            path: key,
            rule: present ? `is absent for the type ${fallback.type}` : `is given for the type ${key}`,
            fix: present ? 'Remove it, or change the type.' : 'Write it, or change the type.',
          },
        ];
  }),
);
