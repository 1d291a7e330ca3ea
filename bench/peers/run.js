/*
 * The predictor and other model servers, measured in the same run on the same ONNX files.
 *
 *   npm run compile:runtime && npm run bench:peers -- --peers kserve,mlserver --cases iris-v1
 *
 * Ends with 1 when a bar is missed. bench/README.md tells the method.
 */
const { CASES } = require('../cases');
const { missed } = require('../cases/report');
const { pinSelf } = require('../harness/processor');
const { killAll } = require('../harness/server-process');
const { readOptions } = require('./options');
const { titleOf, versionOf } = require('./servers');

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help !== undefined) {
    console.log(options.help);
    return;
  }
  pinSelf();
  console.log(`Node.js ${process.version}, ${options.rounds} rounds of ${options.seconds} s, medians`);
  const versions = options.peers.map((name) => versionOf(name) ?? titleOf(name));
  console.log(`Compared with: ${versions.join(', ')}\n`);
  for (const name of options.cases) {
    console.log(`## ${name}: ${CASES[name].title}\n`);
    await CASES[name].run(options);
  }
  console.log(missed().length === 0 ? 'All bars are reached.' : `${missed().length} bars are missed.`);
  process.exitCode = missed().length === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    killAll();
    process.exit(1);
  });
}

main().catch((error) => {
  killAll();
  console.error(error);
  process.exitCode = 1;
});
