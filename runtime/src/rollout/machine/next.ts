import type { RolloutConfig } from '../../contract';
import { addInterval, type Decision, type Remembered, type RolloutState } from '../state';
import { firstState, strangeness } from './begin';
import { Course } from './course';
import { judge, type Verdicts } from './judge';
import type { Look } from './look';
import { sharesAt, stepName } from './plan';
import { candidateLack, stableLack } from './readiness';
import { answerRequests } from './requests';
import { progressOf } from './step';

/** What follows from a look. */
export interface Next {
  readonly state: RolloutState;
  readonly decisions: readonly Decision[];
}

/**
 * The next state of a rollout. A pure function: it knows no clock, no network and no chance.
 *
 * @param remembered what was written last, by whoever
 * @param look what the controller sees now
 * @param now time of day, ISO 8601, for people alone
 */
export function next(config: RolloutConfig, remembered: Remembered, look: Look, now: string): Next {
  const strange = strangeness(config, remembered);
  const known = remembered.state;
  if (known === undefined || strange !== undefined) {
    return begin(config, remembered, look, now, strange ?? '');
  }
  const course = new Course(config, known, now);
  const isMine = takeOver(course, look);
  if (look.proxies.highestRevision > course.state.revision) {
    course.change({ revision: look.proxies.highestRevision + 1 });
  }
  const isCounted = isMine && count(course, look);
  abortIfTold(course, look);
  const verdicts = isInStep(course.state) ? guard(course) : undefined;
  answerRequests(course, look);
  // A request that led to another step or phase is seen by the proxies before anything else is decided.
  if (course.state.step === known.step && course.state.phase === known.phase) {
    proceed(course, look, isMine, isCounted, verdicts);
  }
  return { state: course.state, decisions: course.decisions };
}

function begin(config: RolloutConfig, remembered: Remembered, look: Look, now: string, why: string): Next {
  const { state: old } = remembered;
  const sameVersions = old?.stable === config.stable.version && old.candidate === config.candidate.version;
  const revision = Math.max(remembered.revision, look.proxies.highestRevision) + 1;
  const first = firstState(config, revision, now);
  const holder = look.holder;
  const isPromoted = sameVersions && old.phase === 'Promoted';
  const start: RolloutState = isPromoted
    ? { ...first, phase: 'Promoted', reason: old.reason, since: old.since, attempt: old.attempt, holder }
    : { ...first, holder };
  const course = new Course(config, start, now);
  course.decide({
    kind: 'started',
    told: 'normal',
    message: isPromoted
      ? `${why}, and ${config.candidate.version} is promoted: there is nothing to decide`
      : `${why}: from ${config.stable.version} to ${config.candidate.version}, all requests to the stable version first`,
  });
  return { state: course.state, decisions: course.decisions };
}

/** @returns whether this controller wrote the state: what another one counted is not counted twice */
function takeOver(course: Course, { holder }: Look): boolean {
  const known = course.state.holder;
  if (known?.identity === holder.identity && known.term === holder.term) {
    return true;
  }
  course.change({ holder });
  course.decide({ kind: 'leader', message: `${holder.identity} leads, in term ${holder.term}` });
  return false;
}

function isInStep({ phase, step }: RolloutState): boolean {
  return (phase === 'Progressing' || phase === 'Paused') && step >= 0;
}

/** Adds what was counted to the step. @returns whether it was, and nothing is missing */
function count(course: Course, look: Look): boolean {
  const { counts, isContinuous, revision, elapsedMillis, missingOutcomes } = look;
  const { state } = course;
  if (!isInStep(state) || counts === undefined || !isContinuous || revision !== state.revision || elapsedMillis <= 0) {
    return false;
  }
  course.change({
    counts: state.counts.map((step, index) => (index === state.step ? addInterval(step, counts) : step)),
  });
  // Guardrails of requests stay in force while outcomes are missing; time does not pass.
  return missingOutcomes === undefined;
}

/** What cannot wait for evidence: a decision that was made before, and proxies that somebody has told to abort. */
function abortIfTold(course: Course, { abort, proxies }: Look): void {
  const { phase } = course.state;
  if (phase === 'Aborting' || phase === 'RolledBack') {
    return;
  }
  if (abort !== undefined) {
    course.abort({ message: abort });
  } else if (proxies.aborted !== undefined && phase !== 'Pending') {
    course.abort({ message: `a proxy was told to abort (${proxies.aborted})` });
  }
}

/** Judges the counts, and aborts when a guardrail fails: in every phase in which the candidate has requests to judge. */
function guard(course: Course): Verdicts | undefined {
  const verdicts = judge(course.config, course.state);
  const { tests, evidence, failed, mismatch } = verdicts;
  const before = course.state.evidence;
  course.change({ tests, evidence });
  const changed = Object.keys(evidence).filter((name) => evidence[name].outcome !== before[name]?.outcome);
  if (changed.length > 0) {
    course.decide({
      kind: 'verdict',
      message: changed.map((name) => `${name}: ${evidence[name].outcome}, ${evidence[name].reason}`).join('; '),
      evidence: Object.fromEntries(changed.map((name) => [name, evidence[name]])),
    });
  }
  if (failed.length > 0) {
    const reasons = failed.map((name) => `${name}: ${evidence[name].reason}`).join('; ');
    course.abort({ message: `guardrail failed: ${reasons}`, evidence });
    return undefined;
  }
  if (mismatch !== undefined && course.state.phase === 'Progressing') {
    course.decide({ kind: 'sample-ratio', message: mismatch.reason, evidence: { 'sample ratio': mismatch } });
    course.pause('sample-ratio', {
      message: `the arms did not get their shares of the requests (${mismatch.reason}): nothing that is compared can be trusted`,
    });
    return undefined;
  }
  return verdicts;
}

function proceed(
  course: Course,
  look: Look,
  isMine: boolean,
  isCounted: boolean,
  verdicts: Verdicts | undefined,
): void {
  const { state, config } = course;
  const elapsed = isMine ? look.elapsedMillis : 0;
  const isApplied = look.proxies.isApplied && look.revision === state.revision;
  switch (state.phase) {
    case 'Pending':
      if (isApplied) {
        course.enter('Warming', { kind: 'phase', message: 'all proxies send everything to the stable version' });
      }
      return;
    case 'Warming':
      warm(course, look, elapsed);
      return;
    case 'Progressing':
    case 'Paused':
      if (verdicts !== undefined && !passTime(course, look, elapsed, isCounted) && state.phase === 'Progressing') {
        advance(course, look, verdicts);
      }
      return;
    case 'Promoting':
      if (isApplied) {
        course.enter('Promoted', {
          kind: 'promoted',
          told: 'normal',
          message: `${config.candidate.version} gets all requests`,
        });
      }
      return;
    case 'Aborting':
      if (isApplied) {
        course.enter('RolledBack', { kind: 'rolled-back', told: 'normal', message: state.reason });
      }
      return;
    default:
  }
}

function warm(course: Course, look: Look, elapsed: number): void {
  const { config, state } = course;
  const lack = candidateLack(config, look);
  if (lack === undefined && stableLack(config, look) === undefined) {
    course.enterStep(0, { message: `both versions are ready: ${stepName(config, 0)}` });
    return;
  }
  const unready = state.clock.unready + (lack === undefined ? 0 : elapsed);
  course.change({ clock: { ...state.clock, unready }, reason: lack ?? stableLack(config, look) ?? state.reason });
  if (lack !== undefined && unready > config.readyTimeoutMillis) {
    course.abort({ message: `the candidate did not become ready: ${lack}` });
  }
}

/** Moves the clocks of a step. @returns whether that ended it */
function passTime(course: Course, look: Look, elapsed: number, isCounted: boolean): boolean {
  const { config, state } = course;
  const { clock } = state;
  const lack = candidateLack(config, look);
  const isUnready = look.ready.candidate !== undefined && lack !== undefined;
  const isSeen = isCounted && look.ready.candidate !== undefined;
  const observed = clock.observed + (isSeen && !isUnready ? elapsed : 0);
  const blind = isSeen ? 0 : clock.blind + elapsed;
  const unready = isUnready ? clock.unready + elapsed : 0;
  course.change({ clock: { ...clock, observed, blind, unready } });
  const { holdMillis, action } = config.missingData;
  if (unready > config.readyTimeoutMillis) {
    course.abort({ message: `the candidate is not ready any more: ${lack}` });
    return true;
  }
  const why = look.missing ?? look.proxies.problem ?? lack ?? look.missingOutcomes ?? 'proxies do not serve the split';
  if (blind > 0 && clock.blind === 0) {
    course.decide({ kind: 'missing-data', message: `the share is held: ${why}` });
  }
  if (blind > holdMillis && action === 'abort') {
    course.abort({ message: `counts are missing for ${Math.round(blind / 1000)} s: ${why}` });
    return true;
  }
  if (blind > holdMillis && state.phase === 'Progressing') {
    course.pause('missing-data', { message: `counts are missing for ${Math.round(blind / 1000)} s: ${why}` });
    return true;
  }
  return !isSeen;
}

/** Goes to the next step when this one is over, and asks a person when it stays undecided. */
function advance(course: Course, look: Look, verdicts: Verdicts): void {
  const { config, state } = course;
  const { step, clock } = state;
  const progress = progressOf(config, state, verdicts);
  const all = { ...verdicts.evidence, ...prefixed(verdicts.proofs) };
  if (progress.isOver) {
    const lack = candidateLack(config, look);
    if (lack === undefined) {
      const message = `${stepName(config, step)} is over: ${summary(verdicts)}`;
      const reports = sharesAt(config, step).comparison > 0 && look.reports ? { reports: look.reports } : {};
      course.enterStep(step + 1, { message, evidence: all, ...reports });
    }
    return;
  }
  const undecided = progress.isUndecided ? clock.undecided + look.elapsedMillis : 0;
  course.change({ clock: { ...clock, undecided }, reason: progress.waiting ?? state.reason });
  const isAtEnd = config.steps[step].type === 'analysis' && progress.hasSamples;
  if (isAtEnd || undecided > config.maxStepMillis) {
    const message = `${stepName(config, step)} ${isAtEnd ? 'ended' : 'stays'} undecided: ${progress.waiting}`;
    course.pause('undecided', { message, evidence: all });
  }
}

function prefixed(proofs: Verdicts['proofs']): Verdicts['proofs'] {
  return Object.fromEntries(Object.entries(proofs).map(([name, proof]) => [`${name} (this step alone)`, proof]));
}

function summary({ evidence, proofs }: Verdicts): string {
  const said = Object.entries({ ...evidence, ...proofs }).map(([name, { outcome }]) => `${name} ${outcome}`);
  return said.length === 0 ? 'nothing is measured in it' : said.join(', ');
}
