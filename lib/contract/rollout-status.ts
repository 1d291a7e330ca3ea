/** What people see of a rollout: the controller keeps it in the rollout's ConfigMap, under `ROLLOUT_KEYS.status`, as JSON. */
export interface RolloutStatus {
  readonly name: string;
  readonly model: string;

  /** One of `ROLLOUT_PHASES`. */
  readonly phase: string;

  /** Why it is in this phase, as a sentence. */
  readonly reason: string;

  /** Since when, ISO 8601. */
  readonly since: string;

  /** When this was written, ISO 8601. */
  readonly updated: string;

  /** The step that is under way, or was when the rollout ended. Absent before the first. */
  readonly step?: RolloutStepStatus;

  /** All steps in order, as `weight 10 %`. */
  readonly steps: string[];

  /** Shares as they are meant, of `WHOLE_SHARE`. */
  readonly candidateWeight: number;
  readonly mirror: number;

  /** Pods of the gateway that serve these shares, and all of them. */
  readonly proxies: { readonly serving: number; readonly all: number };

  readonly stable: RolloutArmStatus;
  readonly candidate: RolloutArmStatus;

  /** Guardrails with what they say now, in the order of the declaration. */
  readonly guardrails: GuardrailStatus[];
}

/** A step under way. */
export interface RolloutStepStatus {
  /** Counted from 0. */
  readonly index: number;

  /** Time that counts: proxies served the split, and the controller looked. Milliseconds. */
  readonly observedMillis: number;
  readonly minMillis?: number;

  /** Requests of the step. */
  readonly samples: { readonly stable: number; readonly candidate: number };
  readonly minSamples?: number;

  /** Why it does not go on yet; absent = it does. */
  readonly waiting?: string;
}

/** One of the two versions. */
export interface RolloutArmStatus {
  readonly version: string;

  /** Requests and failed ones since the rollout started. */
  readonly requests: number;
  readonly failures: number;
}

/** What a guardrail says. */
export interface GuardrailStatus {
  readonly name: string;

  /** `pass`, `fail`, `undecided` or `no-data`. */
  readonly outcome: string;

  /** In a sentence, with the numbers. */
  readonly reason: string;
}
