import * as z from 'zod';
import { oneOf, text, violationsOf, wholeNumber } from './values';

const KINDS = ['value', 'element', 'top-k'] as const;

/** One field or column of predictions. */
export const predictionSchema = violationsOf(
  z
    .strictObject({
      name: text,
      output: text,
      kind: oneOf(KINDS),
      element: wholeNumber(0, 2 ** 31 - 1).optional(),
      k: wholeNumber(1, 2 ** 31 - 1).optional(),
      classes: z.array(z.string()).min(1).optional(),
    })
    .readonly(),
  ({ kind, element, k, classes }) =>
    (
      [
        ['element', element, kind === 'element', true],
        ['k', k, kind === 'top-k', true],
        ['classes', classes, kind === 'top-k', false],
      ] as const
    ).flatMap(([path, value, belongs, required]) =>
      value !== undefined && !belongs
        ? [{ path, rule: `is absent for the kind ${kind}`, fix: 'Remove it, or change the kind.' }]
        : value === undefined && belongs && required
          ? [{ path, rule: `is given for the kind ${kind}`, fix: 'Write it, or change the kind.' }]
          : [],
    ),
);
