import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';

const CGROUP_ROOT = '/sys/fs/cgroup';
const MAX_MEMORY_BYTES = 2 ** 60;

/** Reads a file of the kernel; undefined when there is none. */
export type ReadKernelFile = (path: string) => string | undefined;

/**
 * Number of threads for one run of a model: the whole CPUs of the container's limit, at least 1.
 *
 * Without a limit it is 1: a process that may use the whole node should not take it for one request.
 */
export function engineThreads(): number {
  const limit = cpuLimit();
  return limit === undefined ? 1 : Math.max(1, Math.min(Math.floor(limit), availableParallelism()));
}

/**
 * Number of worker threads for a model whose requests cannot share runs: one less than the whole CPUs of the container's
 * limit, because one is for the event loop; at least 1. Each holds the model in memory.
 *
 * A model whose requests share runs needs one: it uses the CPUs within a run.
 */
export function engineWorkers(): number {
  return Math.max(1, engineThreads() - 1);
}

/**
 * CPUs that the container may use at most, possibly a fraction; undefined when there is no limit.
 *
 * Reads cgroup version 2 (`cpu.max`) and 1 (`cpu.cfs_quota_us`). The smallest limit counts, from the process's own group up to the root.
 *
 * @param read how files are read
 * @default - from this machine
 */
export function cpuLimit(read: ReadKernelFile = readKernelFile): number | undefined {
  return smallest('cpu', read, limitOfV2, limitOfV1);
}

/**
 * Memory that the container may use at most, in bytes; undefined when there is no limit.
 *
 * Reads cgroup version 2 (`memory.max`) and 1 (`memory.limit_in_bytes`), as {@link cpuLimit} does.
 *
 * @param read how files are read
 * @default - from this machine
 */
export function memoryLimit(read: ReadKernelFile = readKernelFile): number | undefined {
  const bytes = (file: string) => {
    const value = Number(read(file));
    // Version 1 writes no limit as a number that no machine has.
    return value > 0 && value < MAX_MEMORY_BYTES ? value : undefined;
  };
  return smallest(
    'memory',
    read,
    (group) => bytes(posix.join(CGROUP_ROOT, group, 'memory.max')),
    (group) => bytes(posix.join(CGROUP_ROOT, 'memory', group, 'memory.limit_in_bytes')),
  );
}

type LimitOfGroup = (group: string, read: ReadKernelFile) => number | undefined;

/** The smallest limit from the process's own group up to the root. */
function smallest(
  controller: string,
  read: ReadKernelFile,
  ofV2: LimitOfGroup,
  ofV1: LimitOfGroup,
): number | undefined {
  const limits = groupsOf(read('/proc/self/cgroup') ?? '', controller).flatMap(({ controllers, path }) =>
    withParents(path).map((group) => (controllers === '' ? ofV2(group, read) : ofV1(group, read))),
  );
  const found = limits.filter((limit) => limit !== undefined);
  return found.length === 0 ? undefined : Math.min(...found);
}

/** Lines of `/proc/self/cgroup` that concern a controller: `id:controllers:path`, no controllers in version 2. */
function groupsOf(text: string, controller: string): { controllers: string; path: string }[] {
  return text
    .split('\n')
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, controllers, path]) => ({ controllers, path }))
    .filter(({ controllers }) => controllers === '' || controllers.split(',').includes(controller));
}

/** `/a/b` gives `/a/b`, `/a` and `/`. In a container the path may be the node's, and the mounted root is the container's own. */
function withParents(path: string): string[] {
  return path === '/' ? ['/'] : [path, ...withParents(posix.dirname(path))];
}

function limitOfV2(group: string, read: ReadKernelFile): number | undefined {
  const [quota, period] = (read(posix.join(CGROUP_ROOT, group, 'cpu.max')) ?? '').trim().split(' ').map(Number);
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function limitOfV1(group: string, read: ReadKernelFile): number | undefined {
  const value = (file: string) => Number(read(posix.join(CGROUP_ROOT, 'cpu', group, file)));
  const quota = value('cpu.cfs_quota_us');
  const period = value('cpu.cfs_period_us');
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function readKernelFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // another version of cgroups, or no limit
  }
}
