import { InvalidArgumentError } from 'commander';
import type { JobRequest } from '../local';

const REQUEST = /^((?:[a-z0-9-]+\/)?[a-z0-9.-]+)(?:@(.+))?$/;

/** A time that is the same everywhere: with its offset from UTC. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Reads `NAME`, `NAMESPACE/NAME` and `NAME@TIME`. */
export function jobRequests(text: string, previous: readonly JobRequest[]): JobRequest[] {
  const [, name, time] = REQUEST.exec(text) ?? [];
  if (name === undefined) {
    throw new InvalidArgumentError('Give NAME or NAME@TIME, for example churn-hourly@2026-11-22T10:00Z.');
  }
  if (time === undefined) {
    return [...previous, { name }];
  }
  const date = new Date(time);
  if (!TIME.test(time) || Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError(
      'Give the time with its offset from UTC, for example 2026-11-22T10:00Z or …T11:00+01:00.',
    );
  }
  return [...previous, { name, time: date }];
}
