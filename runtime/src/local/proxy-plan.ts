import { posix } from 'node:path';
import { errorMessage } from '../telemetry';
import type { Mount } from './pod-plan';
import { bootstrapPathOf, type Envoy, parseBootstrap, portsOf } from './proxy';
import type { VolumePlan } from './volume-plan';

/** Command of this runtime that stands for the program of a proxy's container. */
const PROXY_COMMAND = 'proxy';

/** Arguments of `model-serving` for a proxy's container. @param envoy `undefined` = the router of this runtime */
export function proxyCommand(args: readonly string[], envoy: Envoy | undefined): string[] {
  return [PROXY_COMMAND, ...(envoy === undefined ? [] : ['--envoy', envoy.file]), '--', ...args];
}

/** Ports that a proxy listens on, as its bootstrap says; what cannot be read is added to `problems`. */
export function proxyPorts(
  args: readonly string[],
  mounts: readonly Mount[],
  volumes: ReadonlyMap<string, VolumePlan>,
  subject: string,
  problems: string[],
): number[] {
  const path = bootstrapPathOf(args);
  if (path === undefined) {
    problems.push(`${subject} names no bootstrap of the proxy. Give it with -c, as a file of a ConfigMap.`);
    return [];
  }
  const text = fileAt(path, mounts, volumes);
  if (text === undefined) {
    problems.push(`${subject}: the bootstrap ${path} is in no ConfigMap or Secret. Mount it from one.`);
    return [];
  }
  try {
    return portsOf(parseBootstrap(text.toString()));
  } catch (error) {
    problems.push(`${subject}: the bootstrap ${path} cannot be read: ${errorMessage(error)}. Correct it.`);
    return [];
  }
}

/** Content of a file of a container, when it comes from the manifests. */
function fileAt(path: string, mounts: readonly Mount[], volumes: ReadonlyMap<string, VolumePlan>): Buffer | undefined {
  const wanted = posix.normalize(path);
  for (const mount of mounts) {
    const volume = volumes.get(mount.volume);
    if (volume?.kind === 'files' && (wanted === mount.path || wanted.startsWith(`${mount.path}/`))) {
      const inside = posix.join(mount.subPath, wanted.slice(mount.path.length)).replace(/^\//, '');
      return volume.files.get(inside)?.content;
    }
  }
  return undefined;
}
