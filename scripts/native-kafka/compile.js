/** Compiles Kafka's native client: librdkafka first, then what Node.js loads. */

const { execFileSync } = require('node:child_process');
const {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { availableParallelism } = require('node:os');
const { delimiter, dirname, join } = require('node:path');
const { staticLibraries } = require('./debian');

/** GSSAPI, and what librdkafka would use curl for (tokens of OAuth), are no part of the contract. */
const CONFIGURE = [
  ...['--disable-curl', '--disable-gssapi', '--disable-lz4-ext', '--disable-syslog'],
  ...['--disable-debug-symbols', '--enable-static'],
];

/**
 * @param source folder of the npm package
 * @param target file to write
 */
function compile(source, target) {
  // Below the package, so that what it requires is found. The package itself stays as npm has laid it out.
  const work = mkdtempSync(join(dirname(source), '.native-kafka-'));
  try {
    const addon = join(work, 'addon');
    cpSync(source, addon, { recursive: true, filter: (path) => !path.startsWith(join(source, 'build')) });
    const prefix = join(work, 'librdkafka');
    compileLibrary(join(addon, 'deps/librdkafka'), prefix);
    linkWithEverything(join(prefix, 'lib'));
    compileAddon(addon, prefix, headers(work));
    const compiled = join(addon, 'build/Release/confluent-kafka-javascript.node');
    // Headers of another Node.js would show here, and not in a test.
    run(process.execPath, ['--eval', 'require(process.argv[1])', compiled]);
    copyFileSync(compiled, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function compileLibrary(folder, prefix) {
  run('./configure', [...CONFIGURE, `--prefix=${prefix}`, `--libdir=${prefix}/lib`], { cwd: folder });
  for (const part of ['src', 'src-cpp']) {
    run('make', ['-j', `${availableParallelism()}`, '-C', part], { cwd: folder });
  }
  for (const part of ['src', 'src-cpp']) {
    run('make', ['-C', part, 'install'], { cwd: folder });
  }
}

/** The package links with `-lrdkafka -lrdkafka++`: the linker finds scripts under these names, and takes the code of all. */
function linkWithEverything(folder) {
  const own = ['librdkafka++.a', 'librdkafka-static.a'].map((name) => {
    // Under another name: the linker would prefer it to the script.
    copyFileSync(join(folder, name), join(folder, `own-${name}`));
    return join(folder, `own-${name}`);
  });
  for (const name of ['librdkafka.a', 'librdkafka.so.1', 'librdkafka++.so.1', 'librdkafka.so', 'librdkafka++.so']) {
    rmSync(join(folder, name), { force: true });
  }
  const all = [...own, ...staticLibraries()].map((path) => `"${path}"`);
  writeFileSync(join(folder, 'librdkafka++.so'), `GROUP ( ${all.join(' ')} )\n`);
  writeFileSync(join(folder, 'librdkafka.so'), 'INPUT ( -lrdkafka++ )\n');
}

function compileAddon(folder, prefix, nodedir) {
  const environment = {
    BUILD_LIBRDKAFKA: '0',
    CPLUS_INCLUDE_PATH: [join(prefix, 'include'), join(prefix, 'include/librdkafka')].join(delimiter),
    // Symbols of OpenSSL stay inside: Node.js has an OpenSSL of its own.
    LDFLAGS: `-L${join(prefix, 'lib')} -Wl,--exclude-libs,ALL -s`,
  };
  // Settings of npm go before arguments: one for other headers, for example, that a machine has for its own Node.js.
  const own = Object.entries(process.env).filter(([name]) => !/^npm_(?:package_)?config_/i.test(name));
  const where = nodedir === undefined ? [] : [`--nodedir=${nodedir}`];
  run(process.execPath, [nodeGyp(), 'rebuild', '-j', `${availableParallelism()}`, ...where], {
    cwd: folder,
    env: { ...Object.fromEntries(own), ...environment },
  });
}

/** Headers of this Node.js: where it is installed, or in npm's package; else node-gyp asks nodejs.org for them. */
function headers(work) {
  const installed = join(dirname(realpathSync(process.execPath)), '..');
  if (existsSync(join(installed, 'include/node/node_version.h'))) {
    return installed;
  }
  const name = `node-${process.platform}-${process.arch}@${process.versions.node}`;
  const folder = join(work, 'headers');
  mkdirSync(folder);
  try {
    const packed = run('npm', ['pack', '--silent', '--pack-destination', folder, name], { cwd: work }).trim();
    run('tar', ['-xzf', join(folder, packed), '-C', folder, 'package/include']);
    return join(folder, 'package');
  } catch {
    return undefined;
  }
}

/** npm has node-gyp with it. */
function nodeGyp() {
  const npm = process.env.npm_execpath ?? realpathSync(run('sh', ['-c', 'command -v npm']).trim());
  return join(dirname(npm), '../node_modules/node-gyp/bin/node-gyp.js');
}

/** Runs a program; what it says is shown when it fails. */
function run(program, args, options = {}) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 2 ** 28, ...options });
  } catch (error) {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`.split('\n').slice(-40).join('\n');
    throw new Error(`${program} ${args.join(' ')} has failed:\n${said}`);
  }
}

module.exports = { compile };
