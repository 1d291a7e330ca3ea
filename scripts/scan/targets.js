/** What is scanned: a folder of manifests for every example and for every declaration. */

const { execFile } = require('node:child_process');
const { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { App, Chart, Yaml } = require('cdk8s');
const { parseAllDocuments } = require('yaml');
require('tsx/cjs');
const { declarations } = require('./declarations');
const { withoutSuppressions } = require('./suppressions');
const { CACHE } = require('./tools');

const ROOT = join(__dirname, '../..');
const EXAMPLES = join(ROOT, 'examples');

const LONGEST_NAMESPACE = 63;

/** Folders of folders: the manifests as they are, and without their suppressions. */
const MANIFESTS = join(CACHE, 'manifests');
const BARE = join(CACHE, 'bare');

/**
 * Synthesizes everything.
 *
 * @returns targets `{ name, folder, bareFolder, directory, manifests, oldest, expected }`: `directory` is the name of both
 *   folders, `oldest` the oldest Kubernetes that the manifests are for, and `expected` the findings that they must have
 */
async function synthesizeTargets() {
  for (const folder of [MANIFESTS, BARE]) {
    rmSync(folder, { recursive: true, force: true });
  }
  const examples = readdirSync(EXAMPLES).filter((example) => existsSync(join(EXAMPLES, example, 'cdk8s.yaml')));
  const targets = [...examples.map((example) => ({ name: `examples/${example}` })), ...declarations()].map(
    (target) => ({
      ...target,
      directory: target.name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase(),
    }),
  );
  return Promise.all(targets.map(synthesize));
}

async function synthesize(target) {
  const { name, directory, oldest, expected = [] } = target;
  const folder = join(MANIFESTS, directory);
  const bareFolder = join(BARE, directory);
  mkdirSync(folder, { recursive: true });
  mkdirSync(bareFolder, { recursive: true });
  await (target.props === undefined ? synthesizeExample(name, folder) : synthesizeDeclaration(target, folder));
  const manifests = [];
  for (const file of readdirSync(folder)) {
    const objects = parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => document.toJS());
    writeFileSync(join(bareFolder, file), Yaml.stringify(...objects.map(withoutSuppressions)));
    manifests.push(...objects);
  }
  return { name, folder, bareFolder, directory, manifests, oldest, expected };
}

/** As the README of the example says. */
async function synthesizeExample(name, folder) {
  const bin = join(ROOT, 'node_modules/.bin');
  await promisify(execFile)(join(bin, 'cdk8s'), ['synth', '--check-upgrade=false', '--output', folder], {
    cwd: join(ROOT, name),
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
  });
}

/** A chart and a namespace of its own, so that no object of another declaration belongs to it. */
function synthesizeDeclaration({ directory, construct: Construct, props, change, ...options }, folder) {
  const namespace = 'namespace' in options ? options.namespace : directory.slice(0, LONGEST_NAMESPACE);
  const chart = new Chart(new App(), directory, { namespace });
  const declared = new Construct(chart, 'model', props());
  change?.(declared);
  writeFileSync(join(folder, 'model.yaml'), Yaml.stringify(...chart.toJson()));
}

module.exports = { BARE, MANIFESTS, synthesizeTargets };
