import { CAPACITY_RULES } from './capacity-rules';
import { MANIFEST_RULES } from './manifest-rules';
import { MODEL_RULES } from './model-rules';
import { OBJECT_RULES } from './object-rules';
import { SERVING_RULES } from './serving-rules';

export type { Rule } from './rule';

/**
 * Every rule, by the name that code calls it by. `docs/rules.md` is written from this table.
 */
export const RULES = {
  ...MODEL_RULES,
  ...CAPACITY_RULES,
  ...SERVING_RULES,
  ...OBJECT_RULES,
  ...MANIFEST_RULES,
} as const;
