import { EXIT_CODES } from '../contract';
import { type JobRequest, type JobStatus, type LocalOptions, readManifests, runLocal } from '../local';
import { createLogger } from '../telemetry';
import { exitWith } from './exit';
import { containerOutput } from './local-output';
import { ServiceReport, writeStatusFile } from './local-report';
import { drainOnSignal } from './signals';

/** Options of `model-serving local`. */
export interface LocalCommandOptions {
  readonly open?: boolean;
  readonly host: string;
  readonly volume: Readonly<Record<string, string>>;
  readonly service: Readonly<Record<string, string>>;
  readonly run: readonly JobRequest[];
  readonly runtimeImage: readonly string[];
  readonly proxyImage: readonly string[];
  readonly statusFile?: string;
}

/** Runs manifests until a signal ends it, or until all Jobs have ended and there is nothing else. */
export async function local(paths: readonly string[], options: LocalCommandOptions): Promise<void> {
  const logger = createLogger({ name: 'local' });
  const settings: LocalOptions = {
    logger,
    volumes: options.volume,
    services: options.service,
    run: options.run,
    runtimeImages: options.runtimeImage,
    proxyImages: options.proxyImage,
    host: options.host,
    output: containerOutput(),
  };
  const run = await runLocal(readManifests(paths), settings);
  const report = new ServiceReport(run, logger);
  const finish = async () => {
    await run.stop();
    checkJobs(run.status().jobs);
  };
  drainOnSignal(logger, () => {
    report.end();
    return finish();
  });
  if (options.statusFile !== undefined) {
    writeStatusFile(run, options.statusFile);
  }
  if (options.open === true) {
    report.follow();
  }
  run.onChange(announceOnce(run.status().ready, () => logger.info('every pod is ready')));
  void run.done
    .then(() => {
      report.conclude();
      return finish();
    })
    .then(() => process.exit(EXIT_CODES.ok), exitWith);
}

/** @throws Error when a Job that was started is not complete */
function checkJobs(jobs: readonly JobStatus[]): void {
  const open = jobs.filter(({ state }) => state !== 'Complete' && state !== 'Suspended');
  if (open.length > 0) {
    const list = open.map(({ namespace, name, state, reason }) =>
      [`${namespace}/${name}`, state, reason].filter((text) => text !== undefined).join(': '),
    );
    throw new Error(`Jobs that are not complete:\n${list.map((text) => `  - ${text}`).join('\n')}`);
  }
}

function announceOnce(already: boolean, announce: () => void): (status: { readonly ready: boolean }) => void {
  let done = already;
  return ({ ready }) => {
    if (ready && !done) {
      announce();
    }
    done = ready;
  };
}
