/**
 * Which npm packages the image holds: those that the bundle has taken in, and those that it loads from node_modules, with
 * everything that they declare to need. Both are read from the bundler and the lockfile, so that no list can grow stale.
 */

const { builtinModules } = require('node:module');

const FOLDER = 'node_modules/';

/** What packages declare to need and Node.js never loads: it is for their installation, for browsers, or for older versions. */
const NEVER_LOADED = {
  '@azure/identity': ['@azure/msal-browser'],
  '@confluentinc/kafka-javascript': ['@mapbox/node-pre-gyp', 'js-yaml', 'nan', 'tar'],
  'fetch-blob': ['web-streams-polyfill'],
};

/**
 * Packages whose code is inside the bundle, as paths in the lockfile.
 *
 * @param metafile what esbuild says about a bundle
 * @returns {string[]} sorted, for example `['node_modules/express', …]`
 */
function bundledPackages(metafile) {
  const emitted = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0),
  );
  const paths = emitted.map(([input]) => packageOf(input)).filter((path) => path !== undefined);
  return [...new Set(paths)].sort();
}

/**
 * Packages that the bundle loads when it runs.
 *
 * @returns {string[]} names, sorted
 */
function requiredPackages(metafile) {
  const external = Object.values(metafile.outputs)
    .flatMap(({ imports }) => imports)
    .filter((each) => each.external)
    .map(({ path }) => path)
    .filter((path) => !path.startsWith('node:') && !builtinModules.includes(path));
  return [...new Set(external.map(nameOf))].sort();
}

/**
 * Packages that have to be installed: the named ones and all that they need, found as Node.js finds them.
 *
 * @param packages `packages` of package-lock.json
 * @param workspace folder of the lockfile that loads the named packages
 * @param cpu what Node.js calls the processor of the image; packages with native code for other platforms are not wanted
 * @returns {string[]} paths in the lockfile, sorted
 */
function installedPackages(packages, workspace, names, cpu) {
  const platform = { os: 'linux', cpu, libc: 'glibc' };
  const found = new Set();
  const visit = (path) => {
    if (found.has(path)) {
      return;
    }
    found.add(path);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[path];
    const unused = NEVER_LOADED[installedName(path)] ?? [];
    for (const name of Object.keys(dependencies).filter((each) => !unused.includes(each))) {
      visit(resolve(packages, path, name) ?? missing(path, name));
    }
    for (const name of Object.keys({ ...optionalDependencies, ...peerDependencies })) {
      const optional = resolve(packages, path, name);
      if (optional !== undefined && !isDevelopmentOnly(packages[optional]) && runsOn(packages[optional], platform)) {
        visit(optional);
      }
    }
  };
  for (const name of names) {
    visit(resolve(packages, workspace, name) ?? missing(workspace, name));
  }
  return [...found].sort();
}

/** Where Node.js finds a package, from the folder of another one upwards. */
function resolve(packages, from, name) {
  for (let folder = from; ; folder = parentOf(folder)) {
    const path = `${folder === '' ? '' : `${folder}/`}${FOLDER}${name}`;
    if (path in packages) {
      return path;
    }
    if (folder === '') {
      return undefined;
    }
  }
}

function parentOf(folder) {
  const end = folder.lastIndexOf(`/${FOLDER}`);
  return end < 0 ? '' : folder.slice(0, end);
}

function isDevelopmentOnly({ dev, devOptional }) {
  return dev === true || devOptional === true;
}

function runsOn(declared, platform) {
  return Object.entries(platform).every(([field, own]) => declared[field]?.includes(own) ?? true);
}

function missing(path, name) {
  throw new Error(`package-lock.json has no ${name}, which ${path} needs: run npm install and commit the lockfile.`);
}

/** Folder of the package that a file belongs to; `undefined` for our own files. */
function packageOf(file) {
  const start = file.lastIndexOf(FOLDER);
  return start < 0 ? undefined : `${file.slice(0, start)}${FOLDER}${nameOf(file.slice(start + FOLDER.length))}`;
}

/** Name under which the package of a folder is installed. */
function installedName(path) {
  return path.slice(path.lastIndexOf(FOLDER) + FOLDER.length);
}

/** `@scope/name/file` or `name/file` to the name of the package. */
function nameOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

module.exports = { bundledPackages, installedName, installedPackages, requiredPackages };
