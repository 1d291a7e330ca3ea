export { Jobs } from './jobs';
export type { JobPlan } from './plan';
export type { JobRequest } from './request';
export { planJobs } from './select';
export { type CronJobStatus, cronJobStatus, type JobStatus } from './status';
