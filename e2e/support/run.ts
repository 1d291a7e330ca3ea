import { randomBytes } from 'node:crypto';

const NAME = 'E2E_RUN';

/** Label of all namespaces of a run, by its name. */
export const RUN_LABEL = 'cdk8s-model-serving/e2e-run';

/** Gives this run a name, which the processes of its tests inherit. */
export function nameRun(): void {
  process.env[NAME] = randomBytes(4).toString('hex');
}

/** The name of this run. */
export function runName(): string {
  const name = process.env[NAME];
  if (name === undefined) {
    throw new Error(`${NAME} is not set: the tests run by e2e/jest.config.json, which names each run.`);
  }
  return name;
}
