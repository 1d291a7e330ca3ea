import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORTS, RUNTIME_VERSION } from '../../lib/contract';
import { describeWith } from '../support/requires';
import { RUNTIME_IMAGE } from './container';
import { configurationOf, type ImageFile, readImageFiles } from './image-files';

/** Machine of an ELF file, after the ELF specification. */
const MACHINES: Readonly<Record<string, number>> = { amd64: 62, arm64: 183 };
const HOME = 'opt/model-serving';

/** Packages of the lockfile, by their folder. */
const locked: Readonly<Record<string, { readonly version?: string; readonly dev?: boolean }>> = JSON.parse(
  readFileSync(join(__dirname, '../../package-lock.json'), 'utf8'),
).packages;

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

describeWith('the contents of the image', RUNTIME_IMAGE, () => {
  let files: ImageFile[];
  const paths = (pattern: RegExp) => files.map(({ path }) => path).filter((path) => pattern.test(path));
  const text = (path: string) => files.find((file) => file.path === path)?.content.toString() ?? '';

  beforeAll(async () => {
    files = await readImageFiles();
  }, 120_000);

  it('runs model-serving as a numbered user that owns nothing', () => {
    const { config } = configurationOf();
    expect(config.Entrypoint).toEqual(['model-serving']);
    expect(config.User).toBe('10001:10001');
    expect(config.WorkingDir).toBe('/var/empty');
    expect(Object.keys(config.ExposedPorts).sort()).toEqual(Object.values(PORTS).map((port) => `${port}/tcp`));
    expect(config.Env).toContain('NODE_ENV=production');
    expect(files.filter(({ uid, gid }) => uid !== 0 || gid !== 0)).toEqual([]);
  });

  it('says what it is', () => {
    const { Labels: labels } = configurationOf().config;
    expect(labels).toMatchObject({
      'org.opencontainers.image.title': 'model-serving',
      'org.opencontainers.image.version': RUNTIME_VERSION,
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.source': expect.stringMatching(/^https:/),
      'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}(?:-dirty)?$/),
    });
    const created = labels['org.opencontainers.image.created'] ?? '';
    expect(created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('holds two programs, and no shell or package manager', () => {
    expect(paths(/(?:^|\/)s?bin\/[^/]+$/).filter((path) => !path.startsWith(HOME))).toEqual([
      'usr/local/bin/model-serving',
      'usr/local/bin/node',
    ]);
    expect(paths(/node_modules\/(?:npm|corepack|yarn)\//)).toEqual([]);
  });

  it('lets nobody write, but to /tmp, and nobody change identity', () => {
    const writable = files.filter(({ type, mode }) => type !== 'symlink' && (mode & 0o022) !== 0);
    expect(writable.map(({ path }) => path)).toEqual(['tmp']);
    expect(files.filter(({ mode }) => (mode & 0o6000) !== 0)).toEqual([]);
  });

  it('holds native code of its own platform alone', () => {
    const machine = MACHINES[configurationOf().architecture];
    const native = files.filter(({ path, content }) => isElf(content) || /\.(?:node|so|dll|dylib)(?:\.|$)/.test(path));
    const foreign = native.filter(({ type, content }) => type === 'file' && content.readUInt16LE(18) !== machine);
    expect(foreign.map(({ path }) => path)).toEqual([]);
    expect(paths(/onnxruntime_binding\.node$/)).toHaveLength(1);
    expect(paths(/confluent-kafka-javascript\.node$/)).toHaveLength(1);
    expect(paths(/(?:darwin|win32)\/|providers_(?:cuda|tensorrt)/)).toEqual([]);
  });

  it('holds no package of development, and no file for compilers and debuggers', () => {
    const installed = paths(/node_modules\/(?:@[^/]+\/)?[^/@]+\/package\.json$/).map((path) =>
      path.slice(`${HOME}/`.length, -'/package.json'.length),
    );
    expect(installed.filter((path) => locked[path] === undefined || locked[path].dev === true)).toEqual([]);
    expect(paths(/\.(?:map|ts)$/)).toEqual([]);
  });

  it('names in its bill of materials exactly what it holds', () => {
    const bill = JSON.parse(text('usr/share/sbom/model-serving.cdx.json')) as { components: Component[] };
    const listed = (location: string) =>
      bill.components
        .filter(({ properties }) => properties?.some(({ value }) => value === location))
        .map(({ name, version }) => `${name}@${version}`)
        .sort();

    expect(listed('node_modules')).toEqual(installedPackages());
    const visible = bundledPackages();
    expect(visible).toContain(`express@${locked['node_modules/express']?.version}`);
    expect(listed('bundle')).toEqual(expect.arrayContaining(visible));
    const debian = bill.components.filter(({ purl }) => purl.startsWith('pkg:deb/'));
    expect(debian.map(({ name, version }) => `${name}@${version}`)).toEqual(debianPackages());
    const [node] = bill.components.filter(({ type }) => type === 'platform');
    const embedded = files.find(({ path }) => path === 'usr/local/bin/node')?.content.includes(`v${node?.version}`);
    expect(embedded).toBe(true);
  });

  /** Packages on disk, by their own package.json. */
  function installedPackages(): string[] {
    const own = paths(/node_modules\/(?:@[^/]+\/)?[^/@]+\/package\.json$/);
    return [
      ...new Set(own.map((path) => JSON.parse(text(path))).map(({ name, version }) => `${name}@${version}`)),
    ].sort();
  }

  /** Packages in the bundle, by the names that the bundler keeps of most of their files. */
  function bundledPackages(): string[] {
    const bundles = paths(/runtime\/build\/.*\.js$/).map(text);
    const folders = bundles.flatMap((bundle) =>
      [...bundle.matchAll(/"((?:[^"\s]*\/)?node_modules\/(?:@[^/"\s]+\/)?[^/"\s]+)\/[^"\s]+"\(/g)].map(
        ([, folder]) => folder,
      ),
    );
    const nameOf = (folder = '') => folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return [...new Set(folders.map((folder = '') => `${nameOf(folder)}@${locked[folder]?.version}`))].sort();
  }

  /** Debian packages, by the records that vulnerability scanners read. */
  function debianPackages(): string[] {
    return paths(/^var\/lib\/dpkg\/status\.d\/./)
      .map(text)
      .map((record) => ['Package', 'Version'].map((field) => new RegExp(`^${field}: (.*)$`, 'm').exec(record)?.[1]))
      .map(([name, version]) => `${name}@${version}`)
      .sort();
  }
});

function isElf(content: Buffer): boolean {
  return content.subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'));
}
