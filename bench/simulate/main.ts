import { parseArgs } from 'node:util';
import { otherTables } from './other-tests';
import { sequentialTables } from './sequential-tests';
import { thresholdTables } from './thresholds';

const USAGE = 'npm run simulate [-- --runs N]: N rollouts for each row of the tables (default 500).';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '500' }, help: { type: 'boolean', default: false } },
});
const runs = Number(values.runs);
if (values.help) {
  console.log(USAGE);
} else if (!(Number.isInteger(runs) && runs > 0)) {
  console.error(`--runs is ${values.runs}, and must be a whole number above 0.\n${USAGE}`);
  process.exitCode = 2;
} else {
  thresholdTables(runs);
  sequentialTables(runs);
  otherTables(runs);
}
