/** What Kafka's native client is compiled and linked with, as packages of Debian. */

const { execFileSync, spawnSync } = require('node:child_process');
const { copyFileSync, mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

/** Programs, and the packages that have them. */
const PROGRAMS = { 'g++': 'g++', make: 'make', python3: 'python3' };

/** Libraries whose code goes into the file, and the packages that have them. */
const LIBRARIES = {
  'libssl.a': 'libssl-dev',
  'libcrypto.a': 'libssl-dev',
  'libz.a': 'zlib1g-dev',
  'libzstd.a': 'libzstd-dev',
};

/** Packages that this machine lacks. */
function missingPackages() {
  const programs = Object.entries(PROGRAMS).filter(([program]) => spawnSync(program, ['--version']).status !== 0);
  if (programs.length > 0) {
    return [...new Set([...programs.map(([, name]) => name), ...Object.values(LIBRARIES)])];
  }
  const libraries = Object.entries(LIBRARIES).filter(([library]) => staticLibrary(library) === undefined);
  return [...new Set(libraries.map(([, name]) => name))];
}

/** Paths of the libraries, in the order in which they are linked. */
function staticLibraries() {
  return Object.keys(LIBRARIES).map(staticLibrary);
}

/** The compiler repeats the name of a file that it does not find. */
function staticLibrary(name) {
  const path = execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
  return path === name ? undefined : path;
}

/** Writes what an image says of the libraries: their records (status.d) and licences (doc), as Debian's images have them. */
function describeLibraries(folder) {
  for (const name of debianPackages()) {
    const record = execFileSync('dpkg-query', ['--status', name], { encoding: 'utf8' });
    mkdirSync(join(folder, 'status.d'), { recursive: true });
    writeFileSync(join(folder, 'status.d', name), record);
    mkdirSync(join(folder, 'doc', name), { recursive: true });
    copyFileSync(`/usr/share/doc/${name}/copyright`, join(folder, 'doc', name, 'copyright'));
  }
}

function debianPackages() {
  return [...new Set(Object.values(LIBRARIES))].sort();
}

module.exports = { describeLibraries, missingPackages, staticLibraries };
