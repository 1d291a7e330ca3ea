import { EXIT_CODES } from '../contract';
import { type AccessOptions, decisionText, findRollout, openAccess, type RolloutVerb, sendCommand } from '../rollout';

/** Options of the verbs of `model-serving rollout`. */
export interface VerbOptions extends AccessOptions {
  readonly why: string;

  /** Seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/** Asks the controller of a rollout for something, and shows what it decided. */
export async function rolloutVerb(name: string | undefined, verb: RolloutVerb, options: VerbOptions): Promise<void> {
  const { why, timeout, json } = options;
  const access = openAccess(options);
  const rollout = await findRollout(access, name);
  const decision = await sendCommand(access, rollout, verb, { why, timeoutMillis: timeout * 1000 });
  process.stdout.write(`${json === true ? JSON.stringify(decision) : `${rollout.name}: ${decisionText(decision)}`}\n`);
  if (decision.kind === 'refused') {
    process.exitCode = EXIT_CODES.failure;
  }
}
