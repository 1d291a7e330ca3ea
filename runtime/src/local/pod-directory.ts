import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PATHS } from '../contract';
import type { ContainerPlan, PodPlan } from './pod-plan';
import type { VolumeFile, VolumePlan } from './volume-plan';

/**
 * Directories that stand for the file systems of a pod's containers: one root for each, in which the mount paths are
 * links to the volumes that the containers share. Nothing else of an image is there.
 */
export class PodDirectory {
  private readonly volumes: ReadonlyMap<string, string>;

  /** Writes the volumes. @param directory of this pod alone */
  constructor(
    private readonly directory: string,
    { volumes }: PodPlan,
  ) {
    this.volumes = new Map([...volumes].map(([name, plan]) => [name, this.volume(name, plan)]));
  }

  /** Makes the root of a container. @returns its path */
  root({ name, mounts }: ContainerPlan): string {
    const root = join(this.directory, 'containers', name);
    for (const { volume, path, subPath } of mounts) {
      const source = join(this.volumes.get(volume) ?? '', subPath);
      if (subPath !== '' && this.isOurs(source)) {
        mkdirSync(source, { recursive: true });
      }
      mkdirSync(dirname(join(root, path)), { recursive: true });
      symlinkSync(source, join(root, path));
    }
    const message = terminationMessagePath(root);
    mkdirSync(dirname(message), { recursive: true });
    writeFileSync(message, '');
    return root;
  }

  /** Directories that Kubernetes would make for a sub-path; files of ConfigMaps and what users mapped are there already. */
  private isOurs(source: string): boolean {
    return source.startsWith(join(this.directory, 'volumes', 'empty'));
  }

  private volume(name: string, plan: VolumePlan): string {
    switch (plan.kind) {
      case 'directory':
        return plan.path;
      case 'empty':
        return made(join(this.directory, 'volumes', 'empty', name));
      case 'files':
        return writeFiles(made(join(this.directory, 'volumes', 'files', name)), plan.files);
    }
  }
}

/** Where the process of a container leaves the reason for its end. */
export function terminationMessagePath(root: string): string {
  return join(root, PATHS.terminationMessage);
}

/**
 * Writes the files of a ConfigMap or Secret as a kubelet does: in a directory named by the time, reached through the
 * link `..data`, with a link for each name.
 */
function writeFiles(directory: string, files: ReadonlyMap<string, VolumeFile>): string {
  const content = `..${new Date().toISOString().replace(/[-:T]/g, '_').replace('Z', '000000')}`;
  const data = '..data';
  mkdirSync(join(directory, content));
  symlinkSync(content, join(directory, data));
  for (const [path, { content: bytes, mode }] of files) {
    const file = join(directory, content, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes, { mode });
  }
  for (const name of new Set([...files.keys()].map((path) => path.split('/')[0] ?? ''))) {
    symlinkSync(join(data, name), join(directory, name));
  }
  return directory;
}

function made(directory: string): string {
  mkdirSync(directory, { recursive: true });
  return directory;
}
