import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { ROLLOUT_METRIC_LABELS, ROLLOUT_METRICS, ROLLOUT_PHASES, type RolloutConfig, WHOLE_SHARE } from '../contract';
import { COMPARISON_OUTCOMES, type ComparisonOutcome } from './comparison';
import { LOOK_OUTCOMES, type LookOutcome } from './controller';
import { type Look, splitOf } from './machine';
import { NOTIFICATION_OUTCOMES, type NotificationOutcome } from './notifications';
import { REPORT_OUTCOMES, type ReportOutcome } from './outcomes';
import { type ArmSums, DECISION_KINDS, type DecisionKind, emptyStep, type RolloutState } from './state';

const {
  rollout: ROLLOUT,
  phase: PHASE,
  guardrail: GUARDRAIL,
  arm: ARM,
  kind: KIND,
  outcome: OUTCOME,
} = ROLLOUT_METRIC_LABELS;
const VERDICTS = ['pass', 'fail', 'undecided', 'no-data'] as const;

/** The metrics of a controller. Every series exists from the start. */
export class RolloutMetrics {
  readonly registry = new Registry();

  private readonly phase = this.gauge(ROLLOUT_METRICS.phase, '1 for the phase that the rollout is in, else 0.', PHASE);
  private readonly step = this.gauge(ROLLOUT_METRICS.step, 'The step, from 1; 0 = none yet.');
  private readonly steps = this.gauge(ROLLOUT_METRICS.steps, 'Number of the declared steps.');
  private readonly weight = this.gauge(
    ROLLOUT_METRICS.weight,
    'Share of the candidate as it is meant to be, from 0 to 1.',
  );
  private readonly applied = this.gauge(
    ROLLOUT_METRICS.applied,
    '1 when every proxy serves the split that is meant, else 0.',
  );
  private readonly requests = this.gauge(
    ROLLOUT_METRICS.requests,
    'Requests counted in the current step.',
    ARM,
    OUTCOME,
  );
  private readonly verdict = this.gauge(
    ROLLOUT_METRICS.verdict,
    '1 for what the guardrail says, else 0.',
    GUARDRAIL,
    OUTCOME,
  );
  private readonly evidence = this.gauge(
    ROLLOUT_METRICS.evidence,
    'Evidence against the candidate: logarithm of a likelihood ratio.',
    GUARDRAIL,
  );
  private readonly threshold = this.gauge(
    ROLLOUT_METRICS.threshold,
    'Evidence at which the guardrail fails.',
    GUARDRAIL,
  );
  private readonly leader = this.gauge(ROLLOUT_METRICS.leader, '1 when this process leads, else 0.');
  private readonly decisions = this.counter(ROLLOUT_METRICS.decisions, 'Entries of the decision log.', KIND);
  private readonly looks = this.counter(ROLLOUT_METRICS.looks, 'Looks, by what came of them.', OUTCOME);
  private readonly missing = this.counter(ROLLOUT_METRICS.missingData, 'Looks at which counts were missing.');
  private readonly comparisons = this.counter(ROLLOUT_METRICS.comparisons, 'Mirrored requests to compare.', OUTCOME);
  private readonly outcomes = this.counter(
    ROLLOUT_METRICS.outcomes,
    'Values that applications reported, and refused reports.',
    OUTCOME,
  );
  private readonly notifications = this.counter(ROLLOUT_METRICS.notifications, 'Notifications.', OUTCOME);
  private readonly labels: Readonly<Record<string, string>>;

  constructor(private readonly config: RolloutConfig) {
    this.labels = { [ROLLOUT]: config.name };
    collectDefaultMetrics({ register: this.registry });
    this.steps.set(this.labels, config.steps.length);
    this.missing.inc(this.labels, 0);
    this.setLeader(false);
    for (const [counter, label, values] of [
      [this.decisions, KIND, DECISION_KINDS],
      [this.looks, OUTCOME, LOOK_OUTCOMES],
      [this.comparisons, OUTCOME, COMPARISON_OUTCOMES],
      [this.outcomes, OUTCOME, REPORT_OUTCOMES],
      [this.notifications, OUTCOME, NOTIFICATION_OUTCOMES],
    ] as const) {
      for (const value of values) {
        counter.inc({ ...this.labels, [label]: value }, 0);
      }
    }
    for (const { name, alpha } of config.guardrails) {
      this.threshold.set({ ...this.labels, [GUARDRAIL]: name }, -Math.log(alpha));
      this.evidence.set({ ...this.labels, [GUARDRAIL]: name }, 0);
    }
  }

  onLook(outcome: LookOutcome, state: RolloutState | undefined, look: Look | undefined): void {
    this.looks.inc({ ...this.labels, [OUTCOME]: outcome });
    if (look !== undefined && (look.counts === undefined || look.missingOutcomes !== undefined)) {
      this.missing.inc(this.labels);
    }
    if (look !== undefined) {
      this.applied.set(this.labels, look.proxies.isApplied ? 1 : 0);
    }
    if (state !== undefined) {
      this.setState(state);
    }
  }

  onDecision(kind: DecisionKind): void {
    this.decisions.inc({ ...this.labels, [KIND]: kind });
  }

  onComparison(outcome: ComparisonOutcome): void {
    this.comparisons.inc({ ...this.labels, [OUTCOME]: outcome });
  }

  onReport(outcome: ReportOutcome, count: number): void {
    this.outcomes.inc({ ...this.labels, [OUTCOME]: outcome }, count);
  }

  onNotification(outcome: NotificationOutcome): void {
    this.notifications.inc({ ...this.labels, [OUTCOME]: outcome });
  }

  setLeader(leads: boolean): void {
    this.leader.set(this.labels, leads ? 1 : 0);
  }

  private setState(state: RolloutState): void {
    const { labels, config } = this;
    for (const phase of ROLLOUT_PHASES) {
      this.phase.set({ ...labels, [PHASE]: phase }, state.phase === phase ? 1 : 0);
    }
    this.step.set(labels, state.step + 1);
    this.weight.set(labels, splitOf(config, state).candidateWeight / WHOLE_SHARE);
    const { stable, candidate, shadow, pin } = state.counts[state.step] ?? emptyStep();
    for (const [arm, sums] of Object.entries({ stable, candidate, shadow, pin } satisfies Record<string, ArmSums>)) {
      this.requests.set({ ...labels, [ARM]: arm, [OUTCOME]: 'failed' }, sums.errors);
      this.requests.set({ ...labels, [ARM]: arm, [OUTCOME]: 'answered' }, sums.answered);
    }
    for (const { name } of config.guardrails) {
      const evidence = state.evidence[name];
      for (const verdict of VERDICTS) {
        const isSaid = (evidence?.outcome ?? 'no-data') === verdict;
        this.verdict.set({ ...labels, [GUARDRAIL]: name, [OUTCOME]: verdict }, isSaid ? 1 : 0);
      }
      this.evidence.set({ ...labels, [GUARDRAIL]: name }, state.tests[name]?.logRatio ?? 0);
    }
  }

  private gauge(name: string, help: string, ...labels: string[]): Gauge {
    return new Gauge({ name, help, labelNames: [ROLLOUT, ...labels], registers: [this.registry] });
  }

  private counter(name: string, help: string, ...labels: string[]): Counter {
    return new Counter({ name, help, labelNames: [ROLLOUT, ...labels], registers: [this.registry] });
  }
}
