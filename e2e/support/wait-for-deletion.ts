import { kubectl } from './kubectl';
import { RUN_LABEL, runName } from './run';

/** Ends when nothing of the run is left in the cluster, and fails when that does not come: pods end in time, whatever became of them. */
export default async function waitForDeletion(): Promise<void> {
  if (process.env.E2E_KEEP === undefined) {
    await kubectl(['delete', 'namespace', '--selector', `${RUN_LABEL}=${runName()}`, '--timeout=120s']);
  }
}
