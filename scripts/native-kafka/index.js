/**
 * Puts Kafka's native client in its place, compiled on this machine: `npm run native:kafka`.
 *
 *   --out FOLDER   writes it there instead, with records and licences of what is inside, for the runtime image
 *
 * The package's own way is to download a compiled file from its makers' releases. Here nothing is taken but what npm and Debian
 * bring: librdkafka, whose sources are in the package, with OpenSSL, zlib and zstd inside, in one file that needs nothing but
 * the C and C++ libraries. It is kept in ${XDG_CACHE_HOME:-~/.cache}/cdk8s-model-serving, for all checkouts of this machine.
 */

const { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } = require('node:fs');
const { homedir } = require('node:os');
const { dirname, join } = require('node:path');
const { parseArgs } = require('node:util');
const { compile } = require('./compile');
const { describeLibraries, missingPackages } = require('./debian');

const ROOT = join(__dirname, '../..');
const PACKAGE = join(ROOT, 'node_modules/@confluentinc/kafka-javascript');
const NAME = 'confluent-kafka-javascript.node';

const { values } = parseArgs({ options: { out: { type: 'string' } } });

function main() {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  const kept = join(cacheFolder(), nameFor(version));
  if (existsSync(kept)) {
    console.log(`${kept} is there`);
  } else {
    checkMachine();
    const started = performance.now();
    mkdirSync(dirname(kept), { recursive: true });
    // Two checkouts may do so at the same time: the last one wins, and none reads half a file.
    const unfinished = `${kept}.${process.pid}`;
    compile(PACKAGE, unfinished);
    renameSync(unfinished, kept);
    console.log(`${kept} compiled in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
  if (values.out === undefined) {
    put(kept, join(PACKAGE, 'build/Release', NAME));
  } else {
    put(kept, join(values.out, NAME));
    describeLibraries(values.out);
  }
}

/** Other numbers of Node.js's binary interface, other systems and processors need other files. */
function nameFor(version) {
  const { platform, arch, versions } = process;
  const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  return `kafka-javascript-${version}-node${versions.modules}-${platform}-${arch}-${libc}.node`;
}

function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk8s-model-serving');
}

function checkMachine() {
  const missing = missingPackages();
  if (missing.length > 0) {
    throw new Error(
      `Kafka's native client is compiled with Debian's packages, and some are missing: apt-get install ${missing.join(' ')}. ` +
        'On other systems take what its makers have compiled: docs/reference/image.md says how.',
    );
  }
}

/** A process may have the file there open: it keeps the old one. */
function put(from, to) {
  if (existsSync(to) && statSync(to).size === statSync(from).size && readFileSync(to).equals(readFileSync(from))) {
    return;
  }
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
