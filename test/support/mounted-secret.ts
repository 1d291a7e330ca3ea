import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A directory as a kubelet mounts a Secret: its files are links into a directory that a link names. */
export interface MountedSecret {
  readonly path: string;

  /** Changes the contents in one go, as a kubelet does after the Secret has changed. */
  write(files: Readonly<Record<string, string | Buffer>>): void;
}

/** Makes a mounted Secret at a path where nothing is yet. */
export function mountSecret(path: string, files: Readonly<Record<string, string | Buffer>>): MountedSecret {
  let version = 0;
  let names: string[] = [];
  mkdirSync(path, { recursive: true });
  const write: MountedSecret['write'] = (contents) => {
    version += 1;
    const data = `..version-${version}`;
    mkdirSync(join(path, data));
    for (const [name, text] of Object.entries(contents)) {
      writeFileSync(join(path, data, name), text);
    }
    symlinkSync(data, join(path, '..data_tmp'));
    renameSync(join(path, '..data_tmp'), join(path, '..data'));
    const wanted = Object.keys(contents);
    for (const name of wanted.filter((each) => !names.includes(each))) {
      symlinkSync(join('..data', name), join(path, name));
    }
    for (const name of names.filter((each) => !wanted.includes(each))) {
      rmSync(join(path, name));
    }
    names = wanted;
  };
  write(files);
  return { path, write };
}
