/**
 * What a user gets from npm: installs the packed library and runtime in an empty folder, synthesizes an example with
 * them and asks the installed command for help. Finds files missing from the packages and undeclared imports.
 */

const { execFileSync } = require('node:child_process');
const { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const root = join(__dirname, '..');
const packages = join(root, 'packages/js');
const { devDependencies } = require('../package.json');
const folder = mkdtempSync(join(tmpdir(), 'model-serving-smoke-'));

function run(command, args) {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

try {
  const tarballs = Object.fromEntries(
    readdirSync(packages).map((file) => [
      file.startsWith('cdk8s-model-serving-runtime') ? '@cdk8s-model-serving/runtime' : 'cdk8s-model-serving',
      `file:${join(packages, file)}`,
    ]),
  );
  const peers = ['cdk8s', 'cdk8s-plus-28', 'constructs', 'typescript', 'ts-node', '@types/node'];
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: { ...tarballs, ...Object.fromEntries(peers.map((name) => [name, devDependencies[name]])) },
      allowScripts: { 'onnxruntime-node': false },
    }),
  );
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { module: 'node20', target: 'ES2023', strict: true, rootDir: '.', types: ['node'] },
    }),
  );
  for (const file of ['main.ts', 'models']) {
    cpSync(join(root, 'examples/iris', file), join(folder, file), { recursive: true });
  }
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline']);

  // With type check: the published declarations must suffice.
  run('npx', ['ts-node', 'main.ts']);
  const manifests = readFileSync(join(folder, 'dist/iris.k8s.yaml'), 'utf8');
  if (!/^kind: Deployment$/m.test(manifests)) {
    throw new Error('the installed library synthesized no Deployment');
  }
  execFileSync('npx', ['ts-node', '--transpile-only', 'main.ts'], {
    cwd: join(root, 'examples/iris'),
    env: { ...process.env, CDK8S_OUTDIR: join(folder, 'expected') },
  });
  if (manifests !== readFileSync(join(folder, 'expected/iris.k8s.yaml'), 'utf8')) {
    throw new Error('the installed library synthesizes other manifests than the checkout');
  }
  if (!run('npx', ['model-serving', '--help']).includes('predictor')) {
    throw new Error('the installed runtime does not list its roles');
  }
  console.log(`installed, synthesized ${manifests.split('\n---\n').length} objects, ran model-serving --help`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
