import { cpuLimit, engineThreads } from '../../runtime/src/model';

/** A machine's kernel files. */
const machine = (files: Record<string, string>) => cpuLimit((path) => files[path]);

describe('cpuLimit', () => {
  it('reads cgroup version 2 in a container, where the group is the root', () => {
    expect(machine({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' })).toBe(1.5);
  });

  it('takes the smallest limit up to the root', () => {
    expect(
      machine({
        '/proc/self/cgroup': '0::/kubepods/pod1/c1\n',
        '/sys/fs/cgroup/kubepods/pod1/c1/cpu.max': 'max 100000\n',
        '/sys/fs/cgroup/kubepods/pod1/cpu.max': '200000 100000\n',
        '/sys/fs/cgroup/kubepods/cpu.max': '800000 100000\n',
      }),
    ).toBe(2);
  });

  it('reads cgroup version 1', () => {
    expect(
      machine({
        '/proc/self/cgroup': '5:memory:/a\n4:cpu,cpuacct:/a\n',
        '/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '300000\n',
        '/sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000\n',
      }),
    ).toBe(3);
  });

  it.each([
    ['no cgroups', {}],
    ['version 2 without limit', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }],
    [
      'version 1 without limit',
      {
        '/proc/self/cgroup': '4:cpu:/\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
    ],
    ['nonsense', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'x\n' }],
  ])('%s: none', (_what, files) => {
    expect(machine(files)).toBeUndefined();
  });

  it('gives the engine at least one thread here', () => {
    expect(engineThreads()).toBeGreaterThanOrEqual(1);
  });
});
