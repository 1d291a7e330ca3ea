import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryDirectory } from '../support/temporary';

const { filesOf, normalize } = require('../../scripts/image/assemble/files');
const { installSystem } = require('../../scripts/image/assemble/system');

const root = temporaryDirectory();

function write(path: string, content: string = path): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** A base image like Debian's, with /lib inside /usr. */
function makeBase(base: string, architecture: string, triplet: string): void {
  mkdirSync(join(base, `usr/lib/${triplet}/gconv`), { recursive: true });
  symlinkSync('usr/lib', join(base, 'lib'));
  write(join(base, 'usr/local/bin/node'));
  write(join(base, 'usr/local/LICENSE'));
  write(join(base, 'usr/lib/os-release'), 'ID=debian\nVERSION_ID="12"\n');
  mkdirSync(join(base, 'etc'));
  symlinkSync('../usr/lib/os-release', join(base, 'etc/os-release'));
  const libraries: Record<string, string[]> = {
    libc6: [`/lib/${triplet}/libc.so.6`, `/usr/lib/${triplet}/gconv/UTF-16.so`, '/usr/share/doc/libc6/copyright'],
    'libgcc-s1': [`/lib/${triplet}/libgcc_s.so.1`],
    'libstdc++6': [`/usr/lib/${triplet}/libstdc++.so.6.0.30`],
  };
  for (const [name, files] of Object.entries(libraries)) {
    for (const file of files) {
      write(join(base, file));
    }
    write(join(base, `usr/share/doc/${name}/copyright`));
    write(join(base, `var/lib/dpkg/info/${name}:${architecture}.list`), ['/.', ...files, ''].join('\n'));
  }
  symlinkSync('libstdc++.so.6.0.30', join(base, `usr/lib/${triplet}/libstdc++.so.6`));
  const list = join(base, `var/lib/dpkg/info/libstdc++6:${architecture}.list`);
  write(list, `${readFileSync(list, 'utf8')}/usr/lib/${triplet}/libstdc++.so.6\n`);
  const record = (name: string, of: string) => `Package: ${name}\nArchitecture: ${of}\nVersion: 1-${of}`;
  const records = Object.keys(libraries).flatMap((name) => [record(name, 'mips'), record(name, architecture)]);
  write(join(base, 'var/lib/dpkg/status'), `${records.join('\n\n')}\n`);
}

test.each([
  ['amd64', 'x86_64-linux-gnu'],
  ['arm64', 'aarch64-linux-gnu'],
])('the libraries of the system are those of %s, with their records', (architecture, triplet) => {
  const [base, image] = [join(root, architecture, 'base'), join(root, architecture, 'image')] as const;
  makeBase(base, architecture, triplet);

  const packages = installSystem(base, image, architecture);

  expect(packages).toEqual(
    ['libc6', 'libgcc-s1', 'libstdc++6'].map((name) => ({
      name,
      architecture,
      version: `1-${architecture}`,
      release: '12',
    })),
  );
  expect(filesOf(image).sort()).toEqual(
    [
      'etc/group',
      'etc/nsswitch.conf',
      'etc/os-release',
      'etc/passwd',
      'lib',
      ...['libc.so.6', 'libgcc_s.so.1', 'libstdc++.so.6', 'libstdc++.so.6.0.30'].map(
        (name) => `usr/lib/${triplet}/${name}`,
      ),
      'usr/local/bin/node',
      ...['libc6', 'libgcc-s1', 'libstdc++6'].flatMap((name) => [
        `usr/share/doc/${name}/copyright`,
        `var/lib/dpkg/status.d/${name}`,
      ]),
      'usr/share/doc/node/LICENSE',
    ].sort(),
  );
  expect(readlinkSync(join(image, 'lib'))).toBe('usr/lib');
  expect(lstatSync(join(image, 'etc/os-release')).isFile()).toBe(true);
});

test('modes and times do not depend on who builds', () => {
  const folder = join(root, 'modes');
  write(join(folder, 'run'));
  write(join(folder, 'tmp/file'));
  symlinkSync('run', join(folder, 'link'));

  normalize(folder, 1_700_000_000, { [join(folder, 'tmp')]: 0o1777 });

  const about = (path: string) => {
    const { mode, mtimeMs } = lstatSync(join(folder, path));
    return [(mode & 0o7777).toString(8), mtimeMs];
  };
  const time = 1_700_000_000_000;
  expect(['.', 'run', 'tmp', 'tmp/file'].map(about)).toEqual([
    ['755', time],
    ['644', time],
    ['1777', time],
    ['644', time],
  ]);
  expect(lstatSync(join(folder, 'link')).mtimeMs).toBe(time);
});
