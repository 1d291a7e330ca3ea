/**
 * The operating system of the image: Node.js and the libraries that it is linked with, taken from the base image. There is
 * no shell, no package manager and no npm. Vulnerability scanners find the Debian packages as in other images of this kind:
 * one file for each in /var/lib/dpkg/status.d.
 */

const { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, realpathSync, symlinkSync } = require('node:fs');
const { basename, dirname, join, relative } = require('node:path');
const { copyFile, writeFile } = require('./files');

/** Debian packages that Node.js and ONNX Runtime are linked with. */
const LIBRARIES = ['libc6', 'libgcc-s1', 'libstdc++6'];

/** The libraries themselves, without their modules for other character sets and for audits. */
const SHARED_OBJECT = /^(?:\/usr)?\/lib(?:64)?\/(?:[^/]+-linux-gnu\/)?[^/]+\.so(?:\.[^/]*)?$/;

/** User and group of the process: no root, and no account of a node. The same as in the pods that the library makes. */
const USER = 10_001;

/** The working directory, for ever empty: ONNX Runtime looks there for data of models that it gets without a path. */
const HOME = '/var/empty';

/**
 * @param base folder with the files of the base image
 * @param root folder to fill
 * @param architecture Debian's name of it: `amd64`, `arm64`
 * @returns {{name: string, version: string, architecture: string, release: string}[]} the Debian packages taken
 */
function installSystem(base, root, architecture) {
  copyFile(join(base, 'usr/local/bin/node'), join(root, 'usr/local/bin/node'));
  copyFile(join(base, 'usr/local/LICENSE'), join(root, 'usr/share/doc/node/LICENSE'));
  copyFile(realpathSync(join(base, 'etc/os-release')), join(root, 'etc/os-release'));
  for (const folder of ['lib', 'lib64']) {
    keepLink(base, root, folder);
  }
  const statuses = readFileSync(join(base, 'var/lib/dpkg/status'), 'utf8').split('\n\n');
  const packages = LIBRARIES.map((name) => installLibrary(base, root, name, architecture, statuses));
  writeFile(
    join(root, 'etc/passwd'),
    `root:x:0:0:root:/root:/sbin/nologin\nmodel-serving:x:${USER}:${USER}::${HOME}:/sbin/nologin\n`,
  );
  writeFile(join(root, 'etc/group'), `root:x:0:\nmodel-serving:x:${USER}:\n`);
  writeFile(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  mkdirSync(join(root, HOME), { recursive: true });
  mkdirSync(join(root, 'tmp'), { recursive: true });
  return packages;
}

function installLibrary(base, root, name, architecture, statuses) {
  const list = readFileSync(join(base, `var/lib/dpkg/info/${name}:${architecture}.list`), 'utf8');
  for (const path of list.split('\n').filter((each) => SHARED_OBJECT.test(each))) {
    const real = join(realpathSync(join(base, dirname(path))), basename(path));
    copyFile(real, join(root, relative(base, real)));
  }
  const copyright = realpathSync(join(base, `usr/share/doc/${name}/copyright`));
  copyFile(copyright, join(root, `usr/share/doc/${name}/copyright`));
  const [, release] = /^VERSION_ID="?([^"\n]*)/m.exec(readFileSync(join(root, 'etc/os-release'), 'utf8'));
  const status = statuses.find(
    (each) => field(each, 'Package') === name && field(each, 'Architecture') === architecture,
  );
  writeFile(join(root, `var/lib/dpkg/status.d/${name}`), `${status}\n`);
  return { name, version: field(status, 'Version'), architecture, release };
}

/** A field of a record of dpkg. */
function field(paragraph, name) {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1];
}

/** Where the base image has merged /lib into /usr/lib, this one has too. */
function keepLink(base, root, folder) {
  const path = join(base, folder);
  if (existsSync(path) && lstatSync(path).isSymbolicLink()) {
    mkdirSync(join(root, readlinkSync(path)), { recursive: true });
    symlinkSync(readlinkSync(path), join(root, folder));
  }
}

module.exports = { field, installSystem };
