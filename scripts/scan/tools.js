/** The scanners, each of a pinned version, installed below `node_modules/.cache` when they are missing. */

const { execFileSync, spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');
require('tsx/cjs');
const { PythonEnvironment } = require('../../test/support/python-environment.ts');

/** Folder of everything that a scan leaves behind. */
const CACHE = join(__dirname, '../../node_modules/.cache/scan');

const GO_TOOLS = {
  'kube-score': { module: 'github.com/zegl/kube-score/cmd/kube-score', version: 'v1.20.0' },
  kubeconform: { module: 'github.com/yannh/kubeconform/cmd/kubeconform', version: 'v0.8.0' },
};

/** Largest output of a scanner, in bytes. */
const MAX_OUTPUT_BYTES = 256 * 2 ** 20;

/** Installs what is missing. Resolves with the path of each program. */
async function installTools() {
  const python = new PythonEnvironment(join(__dirname, 'requirements-checkov.txt'));
  const programs = {};
  for (const [name, { module, version }] of Object.entries(GO_TOOLS)) {
    const folder = join(CACHE, `${name}-${version}`);
    programs[name] = join(folder, name);
    if (!existsSync(programs[name])) {
      console.log(`installing ${name} ${version}`);
      installGoTool(`${module}@${version}`, folder);
    }
  }
  programs.checkov = python.program('checkov');
  if (!existsSync(programs.checkov)) {
    console.log('installing checkov');
  }
  await python.prepare();
  return programs;
}

function installGoTool(module, folder) {
  try {
    execFileSync('go', ['install', module], { env: { ...process.env, GOBIN: folder }, stdio: 'pipe' });
  } catch (error) {
    const why = error.code === 'ENOENT' ? 'there is no go on the PATH' : error.message;
    throw new Error(`${module} cannot be installed: ${why}`);
  }
}

/** Runs a scanner. Resolves with its standard output as JSON, however it ended: scanners end with 1 when they find something. */
function runJson(program, args, options = {}) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: [], stderr: [] };
  let bytes = 0;
  for (const [name, chunks] of Object.entries(output)) {
    child[name].on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > MAX_OUTPUT_BYTES) {
        child.kill();
      }
      chunks.push(chunk);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      try {
        resolve(JSON.parse(Buffer.concat(output.stdout).toString()));
      } catch {
        const text = Buffer.concat([...output.stdout, ...output.stderr]).toString();
        reject(new Error(`${program} ended with ${code ?? signal} and printed no JSON:\n${text.slice(0, 4000)}`));
      }
    });
  });
}

module.exports = { CACHE, installTools, runJson };
