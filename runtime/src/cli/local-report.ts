import { renameSync, writeFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { COMMAND } from '../contract';
import type { LocalRun, LocalStatus, ServiceStatus } from '../local';
import { errorMessage, type Logger } from '../telemetry';
import { jobFailures, jobsText } from './local-jobs';
import { describeFirstModel, exampleRequest } from './served-model';
import { table } from './table';

/** Pods become ready one after the other; what they change is told once. */
const QUIET_MILLIS = 500;

/** Tells people where Services are and which pods are ready: at the start, and when that changes. */
export class ServiceReport {
  private shown = '';
  private exampleShown = false;
  private following = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly run: LocalRun,
    private readonly logger: Logger,
  ) {}

  /** Shows the state, and every change of it once it has settled. */
  follow(): void {
    this.following = true;
    this.run.onChange(() => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.show(), QUIET_MILLIS);
    });
    this.show();
  }

  /** Shows the last state if it was not shown, and nothing more. */
  conclude(): void {
    if (this.following) {
      this.show();
    }
    this.end();
  }

  /** Shows nothing more. */
  end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.shown = '';
    this.show = () => undefined;
  }

  private show(): void {
    const status = this.run.status();
    const text = servicesText(status);
    if (text === this.shown) {
      return;
    }
    this.shown = text;
    if (process.stdout.isTTY) {
      process.stdout.write(`\n${text}\n\n`);
    } else {
      const { services, apis, ready, jobs } = status;
      this.logger.info({ services, apis, ready, ...(jobs.length === 0 ? {} : { jobs }) }, 'services');
    }
    void this.showExample(status);
  }

  private async showExample({ services }: LocalStatus): Promise<void> {
    const service = services.find(({ port, url, readyPods }) => port === 'http' && url !== undefined && readyPods > 0);
    if (service?.url === undefined || this.exampleShown || !process.stdout.isTTY) {
      return;
    }
    this.exampleShown = true;
    try {
      const model = await describeFirstModel(service.url);
      if (model?.ready === true) {
        process.stdout.write(`Try:\n${exampleRequest(service.url, model)}\n\nCtrl-C drains and ends.\n\n`);
      }
    } catch (error) {
      // The pod has gone again; an example is not worth an error.
      this.logger.debug({ reason: errorMessage(error) }, 'no example request');
    }
  }
}

/** Keeps a JSON file with the status, replaced as a whole at every change. */
export function writeStatusFile(run: LocalRun, file: string): void {
  const write = (status: LocalStatus) => {
    writeFileSync(`${file}.part`, `${JSON.stringify(status, undefined, 2)}\n`);
    renameSync(`${file}.part`, file);
  };
  run.onChange(write);
  write(run.status());
}

function servicesText({ services, apis, pods, jobs, cronJobs }: LocalStatus): string {
  const rows = services.map((service) => [
    `${service.namespace}/${service.name}`,
    service.port,
    service.url ?? service.address,
    readyText(service),
  ]);
  const failures = pods.flatMap(({ name, containers }) =>
    containers
      .filter(({ state, reason }) => state === 'CrashLoopBackOff' && reason !== undefined)
      .map((container) => `${name}/${container.name}: ${container.state}: ${container.reason}`),
  );
  const rollouts = apis.flatMap(({ namespace, url, rollouts: names }) =>
    names.map(
      (name) => `Rollout ${name}: ${COMMAND} rollout status ${name} --namespace ${namespace} --server ${url} --watch`,
    ),
  );
  const addresses = rows.length === 0 ? [] : [table(['SERVICE', 'PORT', 'ADDRESS', 'READY'], rows)];
  const red = [...failures, ...jobFailures(jobs)].map((text) => styleText('red', text));
  return [...addresses, ...rollouts, ...jobsText(jobs, cronJobs), ...red].join('\n');
}

function readyText({ readyPods, pods }: ServiceStatus): string {
  return `${readyPods}/${pods}`;
}
