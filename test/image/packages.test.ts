const { neededFiles } = require('../../scripts/image/assemble/needed');
const { bundledPackages, installedPackages, requiredPackages } = require('../../scripts/image/assemble/packages');

describe('packages of the image, from what the bundler says', () => {
  const metafile = {
    outputs: {
      'build/main.js': {
        inputs: {
          'src/main.ts': { bytesInOutput: 10 },
          'node_modules/express/lib/express.js': { bytesInOutput: 10 },
          'node_modules/@scope/name/index.js': { bytesInOutput: 1 },
          'runtime/node_modules/lru-cache/index.js': { bytesInOutput: 10 },
          'node_modules/unused/index.js': { bytesInOutput: 0 },
        },
        imports: [
          { path: '@grpc/grpc-js', external: true },
          { path: 'jose', external: true },
          { path: 'jose/errors', external: true },
          { path: 'node:fs', external: true },
          { path: 'fs/promises', external: true },
          { path: 'src/inner.ts' },
        ],
      },
      'build/worker.js': { inputs: {}, imports: [{ path: 'onnxruntime-node', external: true }] },
    },
  };

  it('are in the bundle when some of their code is', () => {
    expect(bundledPackages(metafile)).toEqual([
      'node_modules/@scope/name',
      'node_modules/express',
      'runtime/node_modules/lru-cache',
    ]);
  });

  it('are loaded when any output imports them', () => {
    expect(requiredPackages(metafile)).toEqual(['@grpc/grpc-js', 'jose', 'onnxruntime-node']);
  });
});

describe('packages to install, from the lockfile', () => {
  const packages = {
    runtime: {},
    'node_modules/a': {
      dependencies: { b: '1' },
      optionalDependencies: { absent: '1' },
      peerDependencies: { peer: '1', tool: '1' },
    },
    'node_modules/b': { dependencies: { c: '2' } },
    'node_modules/b/node_modules/c': { dependencies: { a: '1' } },
    'node_modules/c': {},
    'node_modules/d': { dependencies: { c: '1' } },
    'node_modules/peer': {},
    'node_modules/tool': { dev: true },
    'runtime/node_modules/d': { dependencies: { c: '1' } },
  };

  it('are those asked for and all that they need, where Node.js finds them', () => {
    expect(installedPackages(packages, 'runtime', ['a'], 'x64')).toEqual([
      'node_modules/a',
      'node_modules/b',
      'node_modules/b/node_modules/c',
      'node_modules/peer',
    ]);
    expect(installedPackages(packages, 'runtime', ['d'], 'x64')).toEqual(['node_modules/c', 'runtime/node_modules/d']);
  });

  it('with native code are those for the platform of the image', () => {
    const native = {
      runtime: {},
      'node_modules/engine': {
        optionalDependencies: { 'engine-arm64': '1', 'engine-x64': '1', 'engine-x64-musl': '1', 'engine-darwin': '1' },
      },
      'node_modules/engine-arm64': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
      'node_modules/engine-x64': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
      'node_modules/engine-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
      'node_modules/engine-darwin': { os: ['darwin'], cpu: ['x64'] },
    };
    const installed = (cpu: string) => installedPackages(native, 'runtime', ['engine'], cpu);
    expect(installed('x64')).toEqual(['node_modules/engine', 'node_modules/engine-x64']);
    expect(installed('arm64')).toEqual(['node_modules/engine', 'node_modules/engine-arm64']);
  });

  it('are without what Node.js never loads', () => {
    const name = '@confluentinc/kafka-javascript';
    const kafka = {
      runtime: {},
      [`node_modules/${name}`]: { dependencies: { bindings: '1', nan: '2', tar: '7' } },
      'node_modules/bindings': {},
      'node_modules/nan': {},
      'node_modules/tar': {},
    };
    expect(installedPackages(kafka, 'runtime', [name], 'x64')).toEqual([
      `node_modules/${name}`,
      'node_modules/bindings',
    ]);
  });

  it('must all be there', () => {
    expect(() =>
      installedPackages({ ...packages, 'node_modules/a': { dependencies: { gone: '1' } } }, 'runtime', ['a'], 'x64'),
    ).toThrow('package-lock.json has no gone, which node_modules/a needs');
  });
});

describe('files of a package', () => {
  const onnx = (platform: string) => `bin/napi-v6/${platform}/onnxruntime_binding.node`;

  it.each([
    ['amd64', 'linux/x64'],
    ['arm64', 'linux/arm64'],
  ])('of ONNX Runtime for %s are the binaries of %s', (architecture, own) => {
    const isNeeded = neededFiles('onnxruntime-node', architecture);
    const platforms = ['darwin/arm64', 'darwin/x64', 'linux/arm64', 'linux/x64', 'win32/arm64', 'win32/x64'];
    expect(platforms.filter((platform) => isNeeded(onnx(platform)))).toEqual([own]);
    expect(isNeeded(`bin/napi-v6/${own}/libonnxruntime.so.1`)).toBe(true);
    expect(isNeeded(`bin/napi-v6/${own}/libonnxruntime_providers_cuda.so`)).toBe(false);
    expect(isNeeded('dist/index.js')).toBe(true);
  });

  it('that only compilers, debuggers and readers open are left out, and the terms of its licence are not', () => {
    const isNeeded = neededFiles('express', 'amd64');
    expect(
      ['index.js', 'a.cjs', 'b.json', 'c.proto', 'LICENSE', 'LICENSE.md', 'NOTICE.html'].filter(isNeeded),
    ).toHaveLength(7);
    expect(
      ['index.js.map', 'index.d.ts', 'index.d.mts', 'src/index.ts', 'README.md', 'dist/browser/index.js'].filter(
        isNeeded,
      ),
    ).toEqual([]);
  });

  it("of Kafka's client are its JavaScript, since its native code is compiled for the image", () => {
    const isNeeded = neededFiles('@confluentinc/kafka-javascript', 'amd64');
    expect(
      ['lib/index.js', 'librdkafka.js', 'package.json', 'LICENSE.txt', 'deps/librdkafka/LICENSES.txt'].filter(isNeeded),
    ).toHaveLength(5);
    expect(
      ['deps/librdkafka/src/rdkafka.c', 'src/binding.cc', 'build/Release/other.node', 'index.d.ts'].filter(isNeeded),
    ).toEqual([]);
  });

  it('are not known for other architectures', () => {
    expect(() => neededFiles('onnxruntime-node', '386')).toThrow('choose one of amd64, arm64');
  });
});
