import type { RolloutConfig } from '../../contract';
import {
  type Decision,
  type DecisionContent,
  decisionOf,
  emptyStep,
  NEW_CLOCK,
  type PauseReason,
  type Phase,
  type RolloutState,
} from '../state';
import { isOtherTraffic, stepName } from './plan';

/** The way from one state to the next within one look, with the decisions that were made on it. */
export class Course {
  readonly decisions: Decision[] = [];

  constructor(
    readonly config: RolloutConfig,
    private current: RolloutState,
    /** Time of day, ISO 8601. */
    private readonly now: string,
  ) {}

  get state(): RolloutState {
    return this.current;
  }

  /** Changes the state. Other traffic is another revision. */
  change(changes: Partial<RolloutState>): void {
    const next = { ...this.current, ...changes };
    const isOther = isOtherTraffic(this.config, this.current, next) && next.revision === this.current.revision;
    this.current = isOther ? { ...next, revision: next.revision + 1 } : next;
  }

  /** Notes what was decided. */
  decide(content: DecisionContent): void {
    this.decisions.push(decisionOf(content, this.current, this.now));
  }

  /** Enters a phase that is outside of the steps, or ends them. */
  enter(phase: Phase, content: DecisionContent): void {
    this.change({
      phase,
      reason: content.message,
      since: this.now,
      clock: NEW_CLOCK,
      pausedFor: undefined,
    });
    this.decide(content);
  }

  /** Enters a step, the one after the last is the promotion. */
  enterStep(position: number, content: Omit<DecisionContent, 'kind'>): void {
    const { config } = this;
    if (position >= config.steps.length) {
      this.enter('Promoting', { told: 'normal', ...content, kind: 'promoting' });
      return;
    }
    const counts = config.steps.map((_, index) => this.current.counts[index] ?? emptyStep());
    const isForPerson = config.steps[position].type === 'pause' && config.steps[position].minMillis === undefined;
    this.change({ step: position, counts });
    this.enter(isForPerson ? 'Paused' : 'Progressing', { told: 'normal', ...content, kind: 'step' });
    if (isForPerson) {
      this.change({ pausedFor: 'step', reason: `${stepName(config, position)}: waits for a person` });
    }
  }

  /** Stops where it is, until a person goes on. Candidates keep their share, and guardrails stay in force. */
  pause(pausedFor: PauseReason, content: Omit<DecisionContent, 'kind'>): void {
    const { observed } = this.current.clock;
    this.enter('Paused', { told: 'warning', ...content, kind: 'paused' });
    this.change({ pausedFor, clock: { ...NEW_CLOCK, observed } });
  }

  /** Takes the candidate's share away. */
  abort(content: Omit<DecisionContent, 'kind'>): void {
    this.change({ revision: this.current.revision + 1 });
    this.enter('Aborting', { told: 'warning', ...content, kind: 'aborting' });
  }
}
