import { RUNTIME_VERSION } from '../contract';
import { errorMessage, type Logger } from '../telemetry';
import { ManifestError } from './error';
import { proxyArguments, runtimeArguments, tagOf } from './image';
import { type JobPlan, planJobs } from './job';
import type { Manifest } from './manifests';
import { keyText, type ObjectKey, type Objects, objectsOf, type Workload } from './objects';
import type { LocalOptions } from './options';
import { type PlanOptions, type PodPlan, planPods } from './pod-plan';
import { type Envoy, findEnvoy } from './proxy';
import { planService, type ServicePlan } from './service-plan';
import { withoutStandIns } from './stand-ins';

/** What is run. */
export interface LocalPlan {
  readonly objects: Objects;
  readonly pods: readonly PodPlan[];
  readonly services: readonly ServicePlan[];
  readonly jobs: readonly JobPlan[];
}

/**
 * Plans what manifests say, and tells the log what differs from a cluster.
 *
 * @throws ManifestError with everything that cannot be run here as it is written
 */
export function planLocal(manifests: readonly Manifest[], options: LocalOptions): LocalPlan {
  const { logger, volumes = {}, runtimeImages = [], proxyImages = [], services: standIns = {}, run = [] } = options;
  const objects = objectsOf(manifests);
  const problems: string[] = [];
  const here = withoutStandIns(objects, standIns);
  const images = imagesOf(workloadsOf(here.deployments, objects), runtimeImages, proxyImages);
  const envoy = images.proxy.length === 0 ? undefined : envoyFor(options, problems);
  const planOptions: PlanOptions = { objects, volumes, runtimeImages, proxyImages, envoy };
  const pods = here.deployments.flatMap((deployment) => planPods(deployment, planOptions, problems));
  const jobs = planJobs(objects, run, planOptions, problems);
  const services = here.services.flatMap((service) => planService(service, pods, problems));
  if (here.deployments.length === 0 && run.length === 0 && jobs.every(({ suspended }) => suspended)) {
    problems.push(nothingToRun(objects));
  }
  if (problems.length > 0) {
    throw new ManifestError([...new Set(problems)]);
  }
  if (objects.ignored.size > 0) {
    const ignored = [...objects.ignored].map(([kind, count]) => `${kind}: ${count}`);
    logger.info({ ignored }, 'without effect on this machine');
  }
  for (const waiting of waitingJobs(objects, jobs)) {
    logger.info({ job: keyText(waiting), fix: `--run ${waiting.name}` }, 'not started until you ask for it');
  }
  for (const image of images.runtime.filter((name) => tagOf(name) !== undefined && tagOf(name) !== RUNTIME_VERSION)) {
    logger.warn({ image, version: RUNTIME_VERSION }, 'the manifests name another version of the runtime than this one');
  }
  if (images.proxy.length > 0) {
    tellProxy(envoy, images.proxy, logger);
  }
  return { objects, pods, services, jobs };
}

function nothingToRun({ jobs, cronJobs }: Objects): string {
  const waiting = [...cronJobs, ...jobs].map((job) => `${keyText(job)} (--run ${job.name})`);
  return waiting.length === 0
    ? 'There is no Deployment, Job or CronJob among the manifests. Give the directory that holds all of them.'
    : `Nothing would run: CronJobs and suspended Jobs are started when you ask for them. Ask for ${waiting.join(', ')}.`;
}

/** CronJobs that were not asked for, and Jobs that stay suspended. */
function waitingJobs({ cronJobs }: Objects, plans: readonly JobPlan[]): ObjectKey[] {
  const isAskedFor = ({ namespace, name }: ObjectKey) =>
    plans.some((plan) => plan.namespace === namespace && plan.cronJob === name);
  return [...cronJobs.filter((cronJob) => !isAskedFor(cronJob)), ...plans.filter(({ suspended }) => suspended)];
}

/** Everything that has pods, at once or when it is asked for. */
function workloadsOf(deployments: readonly Workload[], { jobs, cronJobs }: Objects): Workload[] {
  return [...deployments, ...[...jobs, ...cronJobs].map((job) => ({ ...job, template: job.spec.template }))];
}

function imagesOf(
  workloads: readonly Workload[],
  runtimeImages: readonly string[],
  proxyImages: readonly string[],
): { runtime: string[]; proxy: string[] } {
  const containers = workloads.flatMap(({ template }) => [
    ...template.spec.initContainers,
    ...template.spec.containers,
  ]);
  const isRuntime = (container: (typeof containers)[number]) =>
    runtimeArguments(container, runtimeImages) !== undefined;
  const runtime = containers.filter(isRuntime);
  const proxy = containers.filter((each) => !isRuntime(each) && proxyArguments(each, proxyImages) !== undefined);
  return {
    runtime: [...new Set(runtime.map(({ image }) => image))],
    proxy: [...new Set(proxy.map(({ image }) => image))],
  };
}

function envoyFor(options: LocalOptions, problems: string[]): Envoy | undefined {
  if ('envoy' in options) {
    return options.envoy;
  }
  try {
    return findEnvoy();
  } catch (error) {
    problems.push(errorMessage(error));
    return undefined;
  }
}

function tellProxy(envoy: Envoy | undefined, images: readonly string[], logger: Logger): void {
  if (envoy === undefined) {
    logger.warn(
      { fix: 'Install Envoy and name its file by the environment variable ENVOY, to run what a cluster runs.' },
      'gateways run the built-in router, which does less than Envoy: none was found on this machine',
    );
    return;
  }
  logger.info({ envoy: envoy.file, version: envoy.version }, 'gateways run Envoy');
  for (const image of images.filter((name) => tagOf(name)?.endsWith(envoy.version) === false)) {
    logger.warn(
      { image, version: envoy.version },
      'the manifests name another version of Envoy than the one found here',
    );
  }
}
