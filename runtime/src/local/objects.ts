import type * as z from 'zod';
import { ManifestError } from './error';
import { cronJobSchema, type JobSpec, jobSchema } from './job-schema';
import type { Manifest } from './manifests';
import {
  autoscalerSchema,
  configMapSchema,
  deploymentSchema,
  type PodTemplate,
  type ServicePort,
  secretSchema,
  serviceSchema,
} from './schema';

/** Namespace of objects that name none. */
export const DEFAULT_NAMESPACE = 'default';

/** What decides how many pods there are. */
const AUTOSCALERS = ['HorizontalPodAutoscaler', 'ScaledObject'];
const WORKLOADS = ['Deployment', 'StatefulSet'];

/** Name and namespace of an object. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** What pods are made from. */
export interface Workload extends ObjectKey {
  readonly template: PodTemplate;
}

/** A Deployment or a StatefulSet, with the number of pods that it starts with. */
export interface Deployment extends Workload {
  readonly replicas: number;
}

/** A Job, as it is declared. */
export interface Job extends ObjectKey {
  readonly spec: JobSpec;
}

/** A CronJob, as it is declared. */
export interface CronJob extends ObjectKey {
  readonly schedule: string;
  /** Time zone of the schedule; absent = that of the cluster's controller. */
  readonly timeZone?: string;
  /** Whether runs of it may overlap. */
  readonly concurrent: boolean;
  /** Of each of its Jobs. */
  readonly spec: JobSpec;
}

/** A Service that has a selector. */
export interface Service extends ObjectKey {
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  readonly publishNotReadyAddresses: boolean;
  /** Whether its name stands for its pods themselves, so that it has no address of its own. */
  readonly headless: boolean;
}

/** Content of a ConfigMap or a Secret. */
export type Data = ReadonlyMap<string, Buffer>;

/** What the manifests say, by kind. */
export interface Objects {
  readonly deployments: readonly Deployment[];
  readonly services: readonly Service[];
  readonly jobs: readonly Job[];
  readonly cronJobs: readonly CronJob[];
  /** By {@link keyText}. */
  readonly configMaps: ReadonlyMap<string, Data>;
  /** By {@link keyText}. */
  readonly secrets: ReadonlyMap<string, Data>;
  /** What the API of this machine holds from the start, as it is written: ConfigMaps and Leases. */
  readonly kept: readonly Manifest[];
  /** What has no effect on this machine: a kind, and how many of it. */
  readonly ignored: ReadonlyMap<string, number>;
}

/** `namespace/name`. */
export function keyText({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`;
}

/**
 * Sorts manifests by kind, and checks those that matter here.
 *
 * @throws ManifestError with everything that is wrong
 */
export function objectsOf(manifests: readonly Manifest[]): Objects {
  const problems: string[] = [];
  const ignored = new Map<string, number>();
  const deployments: Deployment[] = [];
  const services: Service[] = [];
  const jobs: Job[] = [];
  const cronJobs: CronJob[] = [];
  const configMaps = new Map<string, Data>();
  const secrets = new Map<string, Data>();
  const kept: Manifest[] = [];
  const seen = new Set<string>();

  const minimums = minimumReplicas(manifests, problems);
  for (const manifest of manifests) {
    const key = keyOf(manifest);
    const subject = `${manifest.kind} ${keyText(key)}`;
    if (seen.has(`${manifest.apiVersion} ${subject}`)) {
      problems.push(`${subject} is there twice. Give the files of one synthesis only.`);
      continue;
    }
    seen.add(`${manifest.apiVersion} ${subject}`);
    switch (`${manifest.apiVersion} ${manifest.kind}`) {
      // Pods of a Deployment are numbered here as well: both are the same.
      case 'apps/v1 StatefulSet':
      case 'apps/v1 Deployment': {
        const value = check(deploymentSchema, manifest, subject, problems);
        if (value !== undefined) {
          const { replicas = minimums.get(keyText(key)) ?? 1, template } = value.spec;
          deployments.push({ ...key, replicas, template });
        }
        break;
      }
      case 'batch/v1 Job': {
        const value = check(jobSchema, manifest, subject, problems);
        if (value !== undefined) {
          jobs.push({ ...key, spec: value.spec });
        }
        break;
      }
      case 'batch/v1 CronJob': {
        const value = check(cronJobSchema, manifest, subject, problems);
        if (value !== undefined) {
          const { schedule, timeZone, concurrencyPolicy, jobTemplate } = value.spec;
          cronJobs.push({
            ...key,
            schedule,
            timeZone,
            concurrent: concurrencyPolicy === 'Allow',
            spec: jobTemplate.spec,
          });
        }
        break;
      }
      case 'v1 Service': {
        const value = check(serviceSchema, manifest, subject, problems);
        if (value?.spec.selector === undefined || value.spec.type === 'ExternalName') {
          count(ignored, 'Service without selector', value === undefined ? 0 : 1);
        } else {
          const { selector, ports, publishNotReadyAddresses, clusterIP } = value.spec;
          services.push({ ...key, selector, ports, publishNotReadyAddresses, headless: clusterIP === 'None' });
        }
        break;
      }
      case 'v1 ConfigMap': {
        const value = check(configMapSchema, manifest, subject, problems);
        configMaps.set(keyText(key), dataOf(value?.data ?? {}, value?.binaryData ?? {}));
        kept.push(manifest);
        break;
      }
      case 'coordination.k8s.io/v1 Lease':
        kept.push(manifest);
        break;
      case 'v1 Secret': {
        const value = check(secretSchema, manifest, subject, problems);
        secrets.set(keyText(key), dataOf(value?.stringData ?? {}, value?.data ?? {}));
        break;
      }
      case 'autoscaling/v2 HorizontalPodAutoscaler':
        count(ignored, 'HorizontalPodAutoscaler (only its minReplicas is used)', 1);
        break;
      case 'keda.sh/v1alpha1 ScaledObject':
        count(ignored, 'ScaledObject (only its minReplicaCount is used)', 1);
        break;
      default:
        count(ignored, manifest.kind, 1);
    }
  }
  if (problems.length > 0) {
    throw new ManifestError(problems);
  }
  return { deployments, services, jobs, cronJobs, configMaps, secrets, kept, ignored };
}

function minimumReplicas(manifests: readonly Manifest[], problems: string[]): Map<string, number> {
  const minimums = new Map<string, number>();
  for (const manifest of manifests.filter(({ kind }) => AUTOSCALERS.includes(kind))) {
    const { namespace, name } = keyOf(manifest);
    const value = check(autoscalerSchema, manifest, `${manifest.kind} ${namespace}/${name}`, problems);
    if (value !== undefined && WORKLOADS.includes(value.spec.scaleTargetRef.kind)) {
      const { scaleTargetRef, minReplicas, minReplicaCount = 1 } = value.spec;
      // Nobody scales up from none here.
      minimums.set(keyText({ namespace, name: scaleTargetRef.name }), minReplicas ?? Math.max(1, minReplicaCount));
    }
  }
  return minimums;
}

function check<S extends z.ZodType>(
  schema: S,
  manifest: Manifest,
  subject: string,
  problems: string[],
): z.infer<S> | undefined {
  const parsed = schema.safeParse(manifest);
  if (!parsed.success) {
    problems.push(
      ...parsed.error.issues.map(({ path, message }) => `${subject}: ${path.map(String).join('.')}: ${message}.`),
    );
  }
  return parsed.data;
}

function keyOf({ metadata }: Manifest): ObjectKey {
  return { namespace: metadata.namespace ?? DEFAULT_NAMESPACE, name: metadata.name };
}

/** Keys of the first win: `stringData` over `data`, as the API server does. */
function dataOf(texts: Readonly<Record<string, string>>, base64: Readonly<Record<string, string>>): Data {
  return new Map([
    ...Object.entries(base64).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
    ...Object.entries(texts).map(([key, value]) => [key, Buffer.from(value)] as const),
  ]);
}

function count(counts: Map<string, number>, what: string, number: number): void {
  if (number > 0) {
    counts.set(what, (counts.get(what) ?? 0) + number);
  }
}
