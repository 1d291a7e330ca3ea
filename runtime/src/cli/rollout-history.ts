import { type AccessOptions, findRollout, openAccess, snapshotOf } from '../rollout';
import { historyOf } from './rollout-decision';
import { paintFor } from './rollout-text';

/** Options of `model-serving rollout history`. */
export interface HistoryOptions extends AccessOptions {
  readonly json?: boolean;
}

/** Shows the log of decisions, oldest first. */
export async function rolloutHistory(name: string | undefined, options: HistoryOptions): Promise<void> {
  const access = openAccess(options);
  const { name: found, object = await access.read(found) } = await findRollout(access, name);
  const { decisions, decisionLines } = snapshotOf(object);
  if (options.json === true) {
    process.stdout.write(decisionLines === '' || decisionLines.endsWith('\n') ? decisionLines : `${decisionLines}\n`);
    return;
  }
  const width = process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
  const lines = historyOf(decisions, { paint: paintFor(process.stdout), width });
  process.stdout.write(lines.length === 0 ? `${found}: nothing has been decided yet\n` : `${lines.join('\n')}\n`);
}
