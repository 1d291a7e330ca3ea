#!/usr/bin/env node
// Sends the cases of this pack to a server: node conformance/run.js --help.
const { writeFileSync } = require('node:fs');
const { loadCases, loadSources, runPack } = require('./runner');
const { readOptions, USAGE, UsageError } = require('./runner/options');
const { junitOf, tableOf, whereFrom } = require('./runner/report');

const PASSED = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

async function main() {
  if (typeof JSON.rawJSON !== 'function') {
    throw new UsageError(`Node 22 or later is needed, for integers of 64 bits in JSON; this is ${process.version}.`);
  }
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return PASSED;
  }
  const cases = loadCases();
  const sources = loadSources();
  if (options.list) {
    for (const { id, rule, source } of cases) {
      process.stdout.write(`${id}\n  ${rule} (${whereFrom(source, sources)})\n`);
    }
    return PASSED;
  }
  const results = await runPack(cases, options);
  if (options.junit !== undefined) {
    writeFileSync(options.junit, junitOf(results));
  }
  process.stdout.write(options.json ? `${JSON.stringify(results, null, 2)}\n` : tableOf(results, sources));
  const passed = results.some(({ outcome }) => outcome === 'passed');
  return passed && results.every(({ outcome }) => outcome !== 'failed') ? PASSED : FAILED;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : `${error.stack}\n`);
    process.exitCode = error instanceof UsageError ? WRONG_USAGE : FAILED;
  },
);
