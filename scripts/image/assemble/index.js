/**
 * Lays out the runtime image, inside its build: one folder for each layer, with the files as they will be in the image.
 *
 *   base      Node.js and the libraries that it is linked with
 *   packages  npm packages that the bundle loads when it needs them
 *   bundle    the command, its licences and the bill of materials
 *
 * Run after `npm ci` and `npm run compile:runtime`; see runtime/Dockerfile. `--modules` is a folder where the packages are
 * installed for the platform of the image, `--kafka` one with Kafka's native client, compiled for it.
 */

const { mkdirSync, readFileSync, rmSync, symlinkSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { parseArgs } = require('node:util');
const { copyFile, copyPackage, normalize, writeFile } = require('./files');
const { installNativeClient, librdkafkaVersion } = require('./native-client');
const { neededFiles, processorOf } = require('./needed');
const { bundledPackages, installedName, installedPackages, requiredPackages } = require('./packages');
const { billOfMaterials } = require('./sbom');
const { installSystem } = require('./system');

const ROOT = join(__dirname, '../../..');
const WORKSPACE = 'runtime';
/** The layout below it is the repository's, so that packages are found as they were when tested. */
const HOME = 'opt/model-serving';
const COMMAND = 'usr/local/bin/model-serving';
const BILL_OF_MATERIALS = 'usr/share/sbom/model-serving.cdx.json';

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    metafile: { type: 'string' },
    'npm-sbom': { type: 'string' },
    modules: { type: 'string' },
    kafka: { type: 'string' },
    architecture: { type: 'string' },
    epoch: { type: 'string', default: '0' },
    out: { type: 'string' },
  },
});
const epoch = Number(values.epoch);
const layer = (name) => join(values.out, name);
const json = (path) => JSON.parse(readFileSync(path, 'utf8'));

rmSync(values.out, { recursive: true, force: true });

const metafile = json(values.metafile);
const { packages } = json(join(ROOT, 'package-lock.json'));
const installed = installedPackages(packages, WORKSPACE, requiredPackages(metafile), processorOf(values.architecture));

const debian = installSystem(values.base, layer('base'), values.architecture);
installPackages();
debian.push(...installNativeClient(values.kafka, layer('packages'), HOME, debian[0].release));
installCommand();
describe();
normalize(layer('base'), epoch, { [join(layer('base'), 'tmp')]: 0o1777 });
normalize(layer('packages'), epoch);
normalize(layer('bundle'), epoch);

function installPackages() {
  for (const path of installed) {
    const isNeeded = neededFiles(installedName(path), values.architecture);
    copyPackage(join(values.modules, path), join(layer('packages'), HOME, path), isNeeded);
  }
}

function installCommand() {
  const home = join(layer('bundle'), HOME);
  copyFile(join(ROOT, 'LICENSE'), join(home, 'LICENSE'));
  copyPackage(join(ROOT, WORKSPACE, 'build'), join(home, WORKSPACE, 'build'), () => true);
  copyFile(join(ROOT, WORKSPACE, 'package.json'), join(home, WORKSPACE, 'package.json'));
  // The image has no `env` that would find Node.js.
  const bin = readFileSync(join(ROOT, WORKSPACE, 'bin/model-serving.js'), 'utf8');
  writeFile(join(home, WORKSPACE, 'bin/model-serving.js'), bin.replace(/^#!.*/, '#!/usr/local/bin/node'), 0o755);
  const command = join(layer('bundle'), COMMAND);
  mkdirSync(dirname(command), { recursive: true });
  symlinkSync(`/${HOME}/${WORKSPACE}/bin/model-serving.js`, command);
}

function describe() {
  const bill = billOfMaterials(json(values['npm-sbom']), {
    packages,
    workspace: WORKSPACE,
    bundled: bundledPackages(metafile),
    installed,
    node: process.versions.node,
    librdkafka: librdkafkaVersion(values.modules),
    debian,
    epoch,
  });
  writeFile(join(layer('bundle'), BILL_OF_MATERIALS), `${JSON.stringify(bill, null, 2)}\n`);
}
