import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { guarded } from '../../fetch';

/** Makes a directory of this process, and removes those of processes which were killed in the same shard. */
export async function makeScratch(root: string, run: string, shard: number, attempt: string): Promise<string> {
  const start = `${run}.${shard}.`;
  const directory = join(root, `${start}${process.pid}.${attempt}`);
  await guarded(directory, () => mkdir(directory, { recursive: true }));
  for (const name of await readdir(root)) {
    const [pid] = name.startsWith(start) ? name.slice(start.length).split('.') : [];
    if (pid !== undefined && !isAlive(Number(pid))) {
      await rm(join(root, name), { recursive: true, force: true });
    }
  }
  return directory;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is one.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
