import { kubectl } from './kubectl';
import { nameRun } from './run';

/** Names the run. Fails at once, and says what to do, where there is no cluster. */
export default async function checkCluster(): Promise<void> {
  nameRun();
  try {
    await kubectl(['get', '--raw', '/readyz']);
  } catch (error) {
    throw new Error(`No cluster answers: set KUBECONFIG, and put kubectl on PATH (docs/operating.md).\n${error}`);
  }
}
