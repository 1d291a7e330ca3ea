import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { engineCommand, IMAGE } from './container';

/** A file, directory or link of the image. */
export interface ImageFile {
  /** Without a slash at either end. */
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly content: Buffer;
}

/** What an image says about itself. */
export interface ImageConfiguration {
  readonly architecture: string;
  readonly config: {
    readonly Entrypoint: string[];
    readonly User: string;
    readonly WorkingDir: string;
    readonly Env: string[];
    readonly ExposedPorts: Readonly<Record<string, unknown>>;
    readonly Labels: Readonly<Record<string, string>>;
  };
}

/** Mount points and files that an engine makes in each container, whatever the image. */
const OF_THE_ENGINE = /^(?:dev|proc|run|sys|\.dockerenv|etc\/(?:hostname|hosts|resolv\.conf|mtab))(?:\/|$)/;

/** All files of the image under test. */
export async function readImageFiles(): Promise<ImageFile[]> {
  const id = engineCommand('create', IMAGE).trim();
  const folder = mkdtempSync(join(tmpdir(), 'model-serving-image-'));
  const tar = join(folder, 'image.tar');
  try {
    engineCommand('export', '--output', tar, id);
    const files: ImageFile[] = [];
    const archive = extract();
    createReadStream(tar).pipe(archive);
    for await (const entry of archive) {
      const { name, type, mode = 0, uid = 0, gid = 0 } = entry.header;
      const content = await buffer(entry as AsyncIterable<Buffer>);
      files.push({ path: name.replace(/^\.?\/|\/$/g, ''), type: type ?? 'file', mode, uid, gid, content });
    }
    return files.filter(({ path }) => path !== '' && !OF_THE_ENGINE.test(path));
  } finally {
    engineCommand('rm', id);
    rmSync(folder, { recursive: true });
  }
}

/** The configuration of the image under test. */
export function configurationOf(): ImageConfiguration {
  const [{ Architecture: architecture, Config: config }] = JSON.parse(engineCommand('image', 'inspect', IMAGE));
  return { architecture, config };
}
