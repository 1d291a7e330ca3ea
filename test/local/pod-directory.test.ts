import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PodDirectory } from '../../runtime/src/local/pod-directory';
import type { ContainerPlan, Mount, PodPlan } from '../../runtime/src/local/pod-plan';
import type { VolumePlan } from '../../runtime/src/local/volume-plan';
import { temporaryDirectory } from '../support/temporary';

const root = temporaryDirectory();
let number = 0;

function make(volumes: Record<string, VolumePlan>): PodDirectory {
  number += 1;
  return new PodDirectory(join(root, String(number)), {
    volumes: new Map(Object.entries(volumes)),
  } as unknown as PodPlan);
}

const container = (name: string, ...mounts: Mount[]) => ({ name, mounts }) as unknown as ContainerPlan;
const file = (content: string, mode = 0o644) => ({ content: Buffer.from(content), mode });

describe('the files of a ConfigMap', () => {
  const plan: VolumePlan = {
    kind: 'files',
    files: new Map([
      ['config.json', file('{}')],
      ['dir/key', file('x', 0o400)],
    ]),
  };
  const containerRoot = make({ v: plan }).root(
    container('c', { volume: 'v', path: '/etc/model-serving', subPath: '' }),
  );
  const mounted = join(containerRoot, 'etc/model-serving');

  it('are links through ..data, as a kubelet makes them', () => {
    const names = readdirSync(mounted);
    expect(names).toEqual([
      expect.stringMatching(/^\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d{9}$/),
      '..data',
      'config.json',
      'dir',
    ]);
    expect(readlinkSync(join(mounted, '..data'))).toBe(names[0]);
    expect(readlinkSync(join(mounted, 'config.json'))).toBe('..data/config.json');
    expect(readlinkSync(join(mounted, 'dir'))).toBe('..data/dir');
  });

  it('have content and mode, and one name each', () => {
    expect(readFileSync(join(mounted, 'config.json'), 'utf8')).toBe('{}');
    expect(statSync(join(mounted, 'dir/key')).mode & 0o777).toBe(0o400);
    expect(lstatSync(realpathSync(join(mounted, 'config.json')))).toMatchObject({ nlink: 1 });
  });
});

describe('volumes', () => {
  it('are shared by the containers of a pod', () => {
    const pod = make({ v: { kind: 'empty' } });
    const first = pod.root(container('init', { volume: 'v', path: '/models', subPath: '' }));
    const second = pod.root(container('main', { volume: 'v', path: '/data/deep', subPath: '' }));
    writeFileSync(join(first, 'models/model.onnx'), 'x');
    expect(readFileSync(join(second, 'data/deep/model.onnx'), 'utf8')).toBe('x');
  });

  it('are mounted in parts, which are made when they are not there', () => {
    const pod = make({ v: { kind: 'empty' }, f: { kind: 'files', files: new Map([['a', file('1')]]) } });
    const mounts = [
      { volume: 'v', path: '/x', subPath: 'some/part' },
      { volume: 'f', path: '/etc/one', subPath: 'a' },
    ];
    const containerRoot = pod.root(container('c', ...mounts));
    expect(statSync(join(containerRoot, 'x')).isDirectory()).toBe(true);
    expect(readFileSync(join(containerRoot, 'etc/one'), 'utf8')).toBe('1');
  });

  it('of this machine are used as they are', () => {
    const directory = join(root, 'claim');
    make({ v: { kind: 'directory', path: directory } }).root(container('c', { volume: 'v', path: '/x', subPath: '' }));
    expect(existsSync(directory)).toBe(false);
  });
});
