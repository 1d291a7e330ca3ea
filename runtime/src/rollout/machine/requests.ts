import { emptyStep } from '../state';
import { beginAgain } from './begin';
import type { Course } from './course';
import type { Look, PersonRequest, Verb } from './look';
import { sharesAt, stepName } from './plan';
import { candidateLack } from './readiness';

/** Most identifiers of answered requests that are remembered. */
const MOST_HANDLED = 50;

/** In this order requests of one look are answered: what is safer comes first. */
const ORDER: readonly Verb[] = ['abort', 'pause', 'retry', 'resume', 'skip-step', 'promote', 'promote-full'];

/** Does what people ask for, or says why not. Every request is answered once. */
export function answerRequests(course: Course, look: Look): void {
  const requests = [...look.requests].sort((a, b) => ORDER.indexOf(a.verb) - ORDER.indexOf(b.verb));
  let done: Verb | undefined;
  for (const request of requests) {
    const { id } = request;
    if (id !== undefined && course.state.handled.includes(id)) {
      continue;
    }
    const refusal =
      done === undefined ? answer(course, look, request) : `it contradicts ${done}, asked at the same time`;
    if (refusal === undefined) {
      done = request.verb;
    } else {
      const message = `${request.verb} is not done: ${refusal}`;
      course.decide({ kind: 'refused', told: 'warning', message, ...askedBy(request) });
    }
    if (id !== undefined) {
      course.change({ handled: [...course.state.handled, id].slice(-MOST_HANDLED) });
    }
  }
}

/** Who asked, why, and by which request. */
interface Asked {
  readonly by: string;
  readonly why: string;
  readonly command?: string;
}

function askedBy({ id, by, why }: PersonRequest): Asked {
  return { by, why, ...(id === undefined ? {} : { command: id }) };
}

/** @returns why it is not done */
function answer(course: Course, look: Look, request: PersonRequest): string | undefined {
  const { verb, by, why } = request;
  const { state, config } = course;
  const { phase, step } = state;
  const isUnderWay = phase === 'Progressing' || phase === 'Paused';
  const asked = askedBy(request);
  const reason = why === '' ? '' : `: ${why}`;
  switch (verb) {
    case 'abort':
      if (phase === 'Aborting' || phase === 'RolledBack') {
        return `the rollout is ${phase} already`;
      }
      course.abort({ message: `aborted by ${by}${reason}`, ...asked });
      return undefined;
    case 'pause':
      if (phase !== 'Progressing') {
        return `the rollout is ${phase}, and no step is under way`;
      }
      course.pause('person', { told: 'normal', message: `paused by ${by}${reason}`, ...asked });
      return undefined;
    case 'resume':
      if (phase !== 'Paused') {
        return `the rollout is ${phase}, not Paused`;
      }
      return (
        (state.pausedFor === 'step' ? lackAt(course, look, step + 1) : undefined) ??
        resume(course, { message: `resumed by ${by}${reason}`, ...asked })
      );
    case 'retry':
      if (phase !== 'RolledBack') {
        return `the rollout is ${phase}; only one that was rolled back begins again`;
      }
      beginAgain(course, asked);
      return undefined;
    case 'skip-step':
      if (!isUnderWay || step + 1 >= config.steps.length) {
        return isUnderWay ? 'the last step is not skipped; promote instead' : `the rollout is ${phase}`;
      }
      return (
        lackAt(course, look, step + 1) ??
        enter(course, step + 1, { message: `${stepName(config, step)} skipped by ${by}${reason}`, ...asked })
      );
    default: {
      const isLast = verb === 'promote-full' || step + 1 >= config.steps.length;
      if (!isUnderWay) {
        return `the rollout is ${phase}, and no step is under way`;
      }
      const next = isLast ? config.steps.length : step + 1;
      return (
        lackAt(course, look, next) ??
        enter(course, next, { message: `${isLast ? 'promoted' : 'to the next step'} by ${by}${reason}`, ...asked })
      );
    }
  }
}

/** Why the candidate cannot take what a step gives it; undefined when it can, or gets no more than it has. */
function lackAt({ config, state }: Course, look: Look, position: number): string | undefined {
  const weightAt = (index: number) => sharesAt(config, index).candidateWeight;
  const isMore = position >= config.steps.length || weightAt(position) > weightAt(state.step);
  return isMore ? candidateLack(config, look) : undefined;
}

function enter(course: Course, position: number, content: Asked & { message: string }): undefined {
  course.enterStep(position, content);
  return undefined;
}

/** Goes on where it was paused. A step that waited for a person is over; one with a wrong ratio counts anew. */
function resume(course: Course, content: Asked & { message: string }): undefined {
  const { state } = course;
  if (state.pausedFor === 'step') {
    return enter(course, state.step + 1, content);
  }
  const counts = state.counts.map((step, index) =>
    index === state.step && state.pausedFor === 'sample-ratio' ? emptyStep(step.round + 1) : step,
  );
  const { observed } = state.clock;
  course.change({ counts });
  course.enter('Progressing', { kind: 'resumed', told: 'normal', ...content });
  course.change({ clock: { ...course.state.clock, observed: state.pausedFor === 'sample-ratio' ? 0 : observed } });
  return undefined;
}
