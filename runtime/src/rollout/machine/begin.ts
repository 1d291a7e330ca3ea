import type { RolloutConfig } from '../../contract';
import { type DecisionContent, digestOf, NEW_CLOCK, type Remembered, type RolloutState, STATE_SCHEMA } from '../state';
import type { Course } from './course';

/** Why what is remembered cannot be continued; undefined when it can. */
export function strangeness(config: RolloutConfig, { state, flaw }: Remembered): string | undefined {
  if (state === undefined) {
    return flaw === undefined ? 'there is no state yet' : `the state cannot be read (${flaw})`;
  }
  if (state.stable !== config.stable.version || state.candidate !== config.candidate.version) {
    return `the state is of ${state.stable} and ${state.candidate}`;
  }
  if (state.configDigest !== digestOf(config)) {
    return 'the configuration is another one';
  }
  return state.step < config.steps.length && (state.step < 0 || state.counts[state.step] !== undefined)
    ? undefined
    : 'the state has another number of steps';
}

/** A rollout from its beginning: everything goes to the stable version first. */
export function firstState(config: RolloutConfig, revision: number, now: string): RolloutState {
  return {
    schema: STATE_SCHEMA,
    stable: config.stable.version,
    candidate: config.candidate.version,
    configDigest: digestOf(config),
    phase: 'Pending',
    reason: 'all requests go to the stable version first',
    since: now,
    step: -1,
    revision,
    attempt: 1,
    clock: NEW_CLOCK,
    counts: [],
    tests: {},
    evidence: {},
    handled: [],
  };
}

/** Begins once more, after it was rolled back. */
export function beginAgain(course: Course, by: Pick<DecisionContent, 'by' | 'why' | 'command'>): void {
  const { config, state } = course;
  const { handled, holder } = state;
  const first = firstState(config, state.revision + 1, state.since);
  course.change({ ...first, handled, holder, attempt: state.attempt + 1 });
  course.enter('Pending', { kind: 'started', told: 'normal', message: `attempt ${state.attempt + 1} begins`, ...by });
}
