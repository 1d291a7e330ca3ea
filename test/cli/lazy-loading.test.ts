import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const MAIN = resolve(__dirname, '../../runtime/src/main.ts');
const CLIENTS = ['@aws-sdk', '@azure', '@google-cloud', 'google-auth-library'];

/** What runs TypeScript, which the compiled command does without. */
const COMPILER = ['tsx', 'esbuild', 'get-tsconfig', 'resolve-pkg-maps'];

/** Files that a command has loaded when it ends. */
function filesOf(...args: string[]): string[] {
  const program = `
    process.argv = [process.execPath, 'model-serving', ...${JSON.stringify(args)}];
    process.on('exit', () => process.stderr.write('\\n' + JSON.stringify(Object.keys(require.cache))));
    require('tsx/cjs');
    require(${JSON.stringify(MAIN)});`;
  const { stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  return JSON.parse(stderr.split('\n').at(-1) ?? '[]');
}

/** Packages that a command has loaded when it ends. */
function packagesOf(...args: string[]): Set<string> {
  const packages = filesOf(...args).flatMap((file) => /.*node_modules\/(@?[^/]+)/.exec(file)?.[1] ?? []);
  return new Set(packages.filter((name) => !COMPILER.includes(name)));
}

describe('a command loads what it needs, and nothing else', () => {
  it('sleep: nothing but the command line', () => {
    expect([...packagesOf('sleep', '--seconds', '0')]).toEqual(['commander']);
  });

  it('predictor: no clients of object stores, nothing of local, and no routing before a request needs it', () => {
    const packages = packagesOf('predictor', '--config', '/none.json');
    expect(packages).toContain('prom-client');
    const others = [...CLIENTS, 'express', 'yaml', 'tar-stream', 'yauzl', 'pino-pretty'];
    expect(others.filter((name) => packages.has(name))).toEqual([]);
  });

  it('fetch: no client before it is used, and nothing that serves', () => {
    const packages = packagesOf('fetch', '--config', '/none.json');
    expect(
      [...CLIENTS, 'yaml', 'express', 'onnxruntime-node', 'pino-pretty'].filter((name) => packages.has(name)),
    ).toEqual([]);
  });

  it('rollout: nothing that serves models, for people and for the controller', () => {
    const others = [...CLIENTS, 'yaml', 'express', 'onnxruntime-node', 'pino-pretty', '@grpc', '@redis', 'jose'];
    for (const args of [
      ['status', 'iris', '--server', 'http://127.0.0.1:1'],
      ['--config', '/none.json'],
    ]) {
      const packages = packagesOf('rollout', ...args);
      expect(packages).toContain('zod');
      expect(others.filter((name) => packages.has(name))).toEqual([]);
    }
  });

  it('agent: nothing that serves models, and nothing of local', () => {
    const packages = packagesOf('agent', '--config', '/none.json');
    expect(packages).toContain('prom-client');
    expect(
      [...CLIENTS, 'express', 'onnxruntime-node', '@grpc', 'jose', 'yaml', 'pino-pretty'].filter((name) =>
        packages.has(name),
      ),
    ).toEqual([]);
  });

  it.each([
    ['predictor', ['serving-config', 'schema']],
    ['agent', ['gateway-agent-schema']],
    ['rollout', ['rollout-schema']],
  ])('%s: the rules of its own configuration, and of no other role', (role, own) => {
    // Whatever is wrong with it, the file is looked at.
    const files = filesOf(role, '--config', resolve(__dirname, '../../package.json'));
    const rules = files.flatMap((file) => /config\/((?:[a-z]+-)*schema|serving-config)\.ts$/.exec(file)?.[1] ?? []);
    const ofRoles = [
      'serving-config',
      'schema',
      'gateway-agent-schema',
      'rollout-schema',
      'batch-schema',
      'stream-schema',
    ];
    expect(rules.filter((name) => ofRoles.includes(name)).sort()).toEqual([...own].sort());
  });

  it('local: neither clients nor the inference engine', () => {
    const packages = packagesOf('local', '/none');
    expect([...CLIENTS, 'express', 'onnxruntime-node'].filter((name) => packages.has(name))).toEqual([]);
  });
});
