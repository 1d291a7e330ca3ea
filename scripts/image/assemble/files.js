/** Files of an image: the same bytes, modes and times whoever builds it, and nothing that is never read. */

const {
  chmodSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} = require('node:fs');
const { dirname, join } = require('node:path');

/** Copies a file or a link, with the folders above it. */
function copyFile(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  if (lstatSync(from).isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
  } else {
    copyFileSync(from, to);
  }
}

/** Writes a text file, with the folders above it. */
function writeFile(to, text, mode = 0o644) {
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, text);
  chmodSync(to, mode);
}

/**
 * Copies a folder without the packages nested in it.
 *
 * @param keep says of each file whether it is wanted, by its path inside the folder
 */
function copyPackage(from, to, keep) {
  for (const path of filesOf(from)) {
    if (keep(path)) {
      copyFile(join(from, path), join(to, path));
    }
  }
}

/** Paths of the files of a folder, sorted; nested `node_modules` are left out. */
function filesOf(folder, below = '') {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(below, entry.name);
      if (!entry.isDirectory()) {
        return [path];
      }
      return entry.name === 'node_modules' ? [] : filesOf(folder, path);
    });
}

/**
 * Gives every file below a folder the mode 644 or 755 and one time.
 *
 * @param epoch seconds since 1970
 * @param modes modes of particular folders, by path
 */
function normalize(folder, epoch, modes = {}) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      normalize(path, epoch, modes);
    } else if (entry.isSymbolicLink()) {
      lutimesSync(path, epoch, epoch);
    } else {
      chmodSync(path, (lstatSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
      utimesSync(path, epoch, epoch);
    }
  }
  chmodSync(folder, modes[folder] ?? 0o755);
  utimesSync(folder, epoch, epoch);
}

module.exports = { copyFile, copyPackage, filesOf, normalize, writeFile };
