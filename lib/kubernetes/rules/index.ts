import { BATCH_RULES } from './batch-rules';
import { CAPACITY_RULES } from './capacity-rules';
import { DEPENDENCY_RULES } from './dependency-rules';
import { GATEWAY_RULES } from './gateway-rules';
import { MANIFEST_RULES } from './manifest-rules';
import { MODEL_RULES } from './model-rules';
import { OBJECT_RULES } from './object-rules';
import { REQUEST_RULES } from './request-rules';
import { ROLLOUT_RULES } from './rollout-rules';
import { SECURITY_RULES } from './security-rules';
import { SERVING_RULES } from './serving-rules';
import { STREAM_RULES } from './stream-rules';

export type { Rule } from './rule';

/**
 * Every rule, by the name that code calls it by. `docs/rules.md` is written from this table.
 */
export const RULES = {
  ...MODEL_RULES,
  ...CAPACITY_RULES,
  ...SERVING_RULES,
  ...REQUEST_RULES,
  ...OBJECT_RULES,
  ...DEPENDENCY_RULES,
  ...SECURITY_RULES,
  ...MANIFEST_RULES,
  ...GATEWAY_RULES,
  ...ROLLOUT_RULES,
  ...BATCH_RULES,
  ...STREAM_RULES,
} as const;
