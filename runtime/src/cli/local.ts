import { type LocalOptions, readManifests, runLocal } from '../local';
import { createLogger } from '../telemetry';
import { containerOutput } from './local-output';
import { ServiceReport, writeStatusFile } from './local-report';
import { drainOnSignal } from './signals';

/** Options of `model-serving local`. */
export interface LocalCommandOptions {
  readonly open?: boolean;
  readonly host: string;
  readonly volume: Readonly<Record<string, string>>;
  readonly service: Readonly<Record<string, string>>;
  readonly runtimeImage: readonly string[];
  readonly proxyImage: readonly string[];
  readonly statusFile?: string;
}

/** Runs manifests until a signal ends it. */
export async function local(paths: readonly string[], options: LocalCommandOptions): Promise<void> {
  const logger = createLogger({ name: 'local' });
  const settings: LocalOptions = {
    logger,
    volumes: options.volume,
    services: options.service,
    runtimeImages: options.runtimeImage,
    proxyImages: options.proxyImage,
    host: options.host,
    output: containerOutput(),
  };
  const run = await runLocal(readManifests(paths), settings);
  const report = new ServiceReport(run, logger);
  drainOnSignal(logger, () => {
    report.end();
    return run.stop();
  });
  if (options.statusFile !== undefined) {
    writeStatusFile(run, options.statusFile);
  }
  if (options.open === true) {
    report.follow();
  }
  run.onChange(announceOnce(run.status().ready, () => logger.info('every pod is ready')));
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
