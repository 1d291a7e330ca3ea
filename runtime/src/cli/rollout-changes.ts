import type { RolloutStatus } from '../contract';
import type { RolloutSnapshot } from '../rollout';
import { shareText } from './rollout-text';

/** Lines about a rollout that is followed: one for each state that differs from the one before. */
export class ChangeLines {
  private last = '';

  /** @param json whether a line is the whole status as JSON */
  constructor(private readonly json: boolean) {}

  /** The line for a state; none when there is nothing new in it. */
  of(snapshot: RolloutSnapshot): string[] {
    const { status } = snapshot;
    if (this.json) {
      // That it was written again is no change.
      return status === undefined || !this.isNew(JSON.stringify({ ...status, updated: '' }))
        ? []
        : [JSON.stringify(status)];
    }
    if (status === undefined) {
      const text = `${snapshot.name}: the controller has not written yet`;
      return this.isNew(text) ? [text] : [];
    }
    const text = changeText(status, snapshot.declaredCandidate);
    return this.isNew(text) ? [`${status.updated}  ${text}  ${status.reason}`] : [];
  }

  private isNew(text: string): boolean {
    const isOther = text !== this.last;
    this.last = text;
    return isOther;
  }
}

/** What is worth a line when it changes: not every further request. */
function changeText(status: RolloutStatus, declaredCandidate: string | undefined): string {
  const { phase, step, steps, candidateWeight, mirror, proxies, guardrails } = status;
  return [
    ...(declaredCandidate === undefined ? [] : [`before ${declaredCandidate}:`]),
    phase,
    ...(step === undefined ? [] : [`step ${step.index + 1}/${steps.length} (${steps[step.index]})`]),
    `candidate ${shareText(candidateWeight)}${mirror === 0 ? '' : `, mirrored ${shareText(mirror)}`}`,
    `proxies ${proxies.serving}/${proxies.all}`,
    ...guardrails.map(({ name, outcome }) => `${name}: ${outcome}`),
  ].join('  ');
}
