import * as z from 'zod';
import { podTemplate } from './schema';

// Jobs and CronJobs, with the API's own defaults. What only matters after the end of a Job, or to a schedule, is let through
// and has no effect.

const count = z.int().min(0);

const failureRule = z.looseObject({
  action: z.enum(['FailJob', 'FailIndex', 'Ignore', 'Count']),
  onExitCodes: z
    .looseObject({
      containerName: z.string().optional(),
      operator: z.enum(['In', 'NotIn']),
      values: z.array(z.int()).min(1),
    })
    .optional(),
});

const jobSpec = z.looseObject({
  completionMode: z.enum(['NonIndexed', 'Indexed']).default('NonIndexed'),
  completions: count.optional(),
  parallelism: z.int().min(1).default(1),
  backoffLimit: count.optional(),
  backoffLimitPerIndex: count.optional(),
  maxFailedIndexes: count.optional(),
  podFailurePolicy: z.looseObject({ rules: z.array(failureRule) }).optional(),
  successPolicy: z.unknown().optional(),
  activeDeadlineSeconds: count.optional(),
  suspend: z.boolean().default(false),
  template: podTemplate,
});

/** A Job of `batch/v1`. */
export const jobSchema = z.looseObject({ spec: jobSpec });

/** A CronJob of `batch/v1`. */
export const cronJobSchema = z.looseObject({
  spec: z.looseObject({
    schedule: z.string(),
    timeZone: z.string().optional(),
    concurrencyPolicy: z.enum(['Allow', 'Forbid', 'Replace']).default('Allow'),
    jobTemplate: z.looseObject({ spec: jobSpec }),
  }),
});

/** What a Job does. */
export type JobSpec = z.infer<typeof jobSpec>;
/** What a failed pod means for its Job. */
export type FailureRule = z.infer<typeof failureRule>;
