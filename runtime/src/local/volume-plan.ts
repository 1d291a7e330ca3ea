import { statSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { fieldOf, find } from './environment';
import { type Data, keyText } from './objects';
import { POD_ADDRESS } from './pod-address';
import type { PlanOptions, PodIdentity } from './pod-plan';
import type { Items, Projection, Volume } from './schema';

/** A file of a volume. */
export interface VolumeFile {
  readonly content: Buffer;
  readonly mode: number;
}

/** What a volume is on this machine. */
export type VolumePlan =
  | { readonly kind: 'empty' }
  /** Files by their relative path, from ConfigMaps and Secrets. */
  | { readonly kind: 'files'; readonly files: ReadonlyMap<string, VolumeFile> }
  /** A directory that is there. */
  | { readonly kind: 'directory'; readonly path: string };

type Context = PlanOptions & { readonly pod: PodIdentity };

/** Plans a volume; what cannot be had here is added to `problems`. */
export function volumePlan(volume: Volume, context: Context, problems: string[]): VolumePlan {
  const { name, emptyDir, configMap, secret, projected } = volume;
  const subject = `${context.pod.workload}: volume ${name}`;
  const mapped = [volume.persistentVolumeClaim?.claimName, volume.image?.reference, name].find(
    (key) => key !== undefined && Object.hasOwn(context.volumes, key),
  );
  if (mapped !== undefined) {
    return directory(subject, context.volumes[mapped] ?? '', problems);
  }
  if (emptyDir !== undefined) {
    return { kind: 'empty' };
  }
  const files = new Map<string, VolumeFile>();
  const add = (
    kind: 'ConfigMap' | 'Secret',
    reference: { name: string; optional: boolean; items?: Items },
    mode: number,
  ) => {
    const data = find(kind, reference, context, problems);
    if (data !== undefined) {
      addFiles(files, data, reference, mode, `${subject}: ${kind} ${reference.name}`, problems);
    }
  };
  if (configMap !== undefined) {
    add('ConfigMap', configMap, configMap.defaultMode);
  } else if (secret !== undefined) {
    add('Secret', { ...secret, name: secret.secretName }, secret.defaultMode);
  } else if (projected !== undefined) {
    for (const source of projected.sources) {
      const standIns = clusterFiles(source, context, projected.defaultMode);
      if (standIns !== undefined) {
        for (const [path, file] of standIns) {
          files.set(path, file);
        }
      } else if (source.configMap !== undefined) {
        add('ConfigMap', source.configMap, projected.defaultMode);
      } else if (source.secret !== undefined) {
        add('Secret', source.secret, projected.defaultMode);
      } else {
        problems.push(
          `${subject} projects ${kindOf(source)}, which does not exist here. Project ConfigMaps and Secrets only.`,
        );
      }
    }
  } else {
    problems.push(`${subject} ${unavailable(volume)}`);
  }
  return { kind: 'files', files };
}

/** ConfigMap that every namespace of a cluster has. */
const CLUSTER_AUTHORITIES = 'kube-root-ca.crt';
const NOT_HERE = 'There is none on this machine: model-serving local stands in for the Kubernetes API, without TLS.\n';

/** What a cluster adds to a pod so that it can talk to the Kubernetes API; `undefined` for all other sources. */
function clusterFiles(
  { serviceAccountToken, downwardAPI, configMap }: Projection,
  { pod, objects }: Context,
  mode: number,
): Map<string, VolumeFile> | undefined {
  const content = Buffer.from(NOT_HERE);
  // A token for somebody else would be believed by nobody.
  if (serviceAccountToken?.audience === '') {
    return new Map([[serviceAccountToken.path, { content, mode }]]);
  }
  const namespace = pod.namespace;
  if (
    configMap?.name === CLUSTER_AUTHORITIES &&
    !objects.configMaps.has(keyText({ namespace, name: configMap.name }))
  ) {
    return new Map((configMap.items ?? [{ path: 'ca.crt' }]).map(({ path }) => [path, { content, mode }]));
  }
  const fields = downwardAPI?.items.map((item) => {
    const value =
      item.fieldRef === undefined ? undefined : fieldOf(item.fieldRef.fieldPath, { pod, podIP: POD_ADDRESS });
    return [
      item.path,
      value === undefined ? undefined : { content: Buffer.from(value), mode: item.mode ?? mode },
    ] as const;
  });
  const known = fields?.flatMap(([path, file]) => (file === undefined ? [] : [[path, file] as const]));
  return known?.length === fields?.length && known !== undefined ? new Map(known) : undefined;
}

function directory(subject: string, path: string, problems: string[]): VolumePlan {
  const absolute = resolve(path);
  if (!statSync(absolute, { throwIfNoEntry: false })?.isDirectory()) {
    problems.push(`${subject}: ${absolute} is no directory. Correct --volume, or make the directory.`);
  }
  return { kind: 'directory', path: absolute };
}

function unavailable({ name, persistentVolumeClaim, image, ...rest }: Volume): string {
  if (persistentVolumeClaim !== undefined) {
    const { claimName } = persistentVolumeClaim;
    return `is the claim ${claimName}, which does not exist here. Give a directory for it: --volume ${claimName}=DIR.`;
  }
  if (image !== undefined) {
    return `is the image ${image.reference}, which cannot be mounted here. Give a directory with its content: --volume ${name}=DIR.`;
  }
  return `is of the kind ${kindOf(rest)}, which does not exist here. Give a directory for it: --volume ${name}=DIR.`;
}

function kindOf(source: Readonly<Record<string, unknown>>): string {
  return Object.keys(source).find((key) => source[key] !== undefined) ?? 'unknown';
}

function addFiles(
  files: Map<string, VolumeFile>,
  data: Data,
  { items, optional }: { readonly items?: Items; readonly optional: boolean },
  defaultMode: number,
  subject: string,
  problems: string[],
): void {
  for (const { key, path, mode } of items ??
    [...data.keys()].map((name) => ({ key: name, path: name, mode: undefined }))) {
    const content = data.get(key);
    if (posix.normalize(`/${path}`) !== `/${path}` || path.split('/').includes('..')) {
      problems.push(`${subject}: the path ${path} of the key ${key} is not a plain relative path. Correct it.`);
    } else if (content !== undefined) {
      files.set(path, { content, mode: mode ?? defaultMode });
    } else if (!optional) {
      problems.push(`${subject} has no key ${key}. Add the key, or make the reference optional.`);
    }
  }
}
