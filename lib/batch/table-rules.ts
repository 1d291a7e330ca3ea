import { checkSecret, quote, RULES, type Violation, violation } from '../kubernetes';
import type { BatchJobProps } from './batch-job-props';
import type { Dataset } from './dataset';
import { checkLocation, checkOverlap, isDated } from './location-rules';
import { fileSinks, redisSinks } from './prediction-sink';

const TABLE = /^[A-Za-z0-9._-]{1,63}$/;
const DELIMITER = /^[^"\r\n]$/u;

/** Forms of a run that tells the date, and the hour, of its input. */
const DATED_RUN = /^\d{4}-\d{2}-\d{2}(T\d{2})?$/;
const TIMED_RUN = /^\d{4}-\d{2}-\d{2}T\d{2}$/;

/** Checks where rows are read from, and where predictions and the ledger are written to. */
export function checkTables(props: BatchJobProps): Violation[] {
  const { input, outputs, ledger } = props;
  const files = fileSinks(outputs).map(({ location }) => location);
  const written = [...files, ...(ledger === undefined ? [] : [ledger._location])];
  const locations = [input._location, ...written];
  return [
    ...locations.flatMap(checkLocation),
    ...checkOverlap(input._location, written),
    ...locations.flatMap(({ what, options: { credentials } }) =>
      credentials === undefined ? [] : checkSecret(`credentials of the ${what}`, credentials),
    ),
    ...checkDate(props),
    ...checkCsv(input),
    ...checkOutputs(props),
    ...checkLedger(props),
    ...redisSinks(outputs)
      .filter(({ table }) => table !== undefined && !TABLE.test(table))
      .map(({ table }) =>
        violation(RULES.predictionTable, `table is ${quote(table)}.`, "Write it as in 'recommendations'."),
      ),
  ];
}

function checkDate({ input, schedule, run = '' }: BatchJobProps): Violation[] {
  const form = input.uri.includes('{hour}') ? TIMED_RUN : DATED_RUN;
  return !isDated(input._location) || schedule !== undefined || form.test(run)
    ? []
    : [
        violation(
          RULES.tableDate,
          `The input is at ${quote(input.uri)}, there is no schedule, and run is ${quote(run)}.`,
          "Write run: '2026-11-22T05', or a schedule, or the date itself.",
        ),
      ];
}

function checkCsv({ _csv: csv }: Dataset): Violation[] {
  const { delimiter, columns } = csv ?? {};
  const problems: string[] = [];
  if (delimiter !== undefined && !DELIMITER.test(delimiter)) {
    problems.push(`delimiter is ${JSON.stringify(delimiter)}.`);
  }
  if (columns !== undefined) {
    const repeated = columns.filter((name, index) => columns.indexOf(name) < index);
    problems.push(
      ...(columns.length === 0 ? ['columns is empty.'] : []),
      ...(columns.includes('') ? ['columns has an empty name.'] : []),
      ...[...new Set(repeated)].map((name) => `columns has ${quote(name)} twice.`),
    );
  }
  return problems.map((found) =>
    violation(RULES.csvForm, found, "Write for example { delimiter: ';', columns: ['id', 'age'] }."),
  );
}

function checkOutputs({ outputs, model }: BatchJobProps): Violation[] {
  const places = [
    ...fileSinks(outputs).map(({ location: { uri } }) => JSON.stringify([uri.replace(/\/+$/, '')])),
    ...redisSinks(outputs).map(({ address, database = 0, table = model.name }) =>
      JSON.stringify([address, database, table]),
    ),
  ];
  const repeated = new Set(places.filter((place, index) => places.indexOf(place) < index));
  return [
    ...(outputs.length === 0 ? ['outputs is empty.'] : []),
    ...[...repeated].map((place) => `Two outputs are at ${quote(JSON.parse(place)[0])}.`),
  ].map((found) =>
    violation(RULES.outputs, found, "Write for example [PredictionSink.parquet('s3://warehouse/predictions')]."),
  );
}

function checkLedger({ outputs, ledger }: BatchJobProps): Violation[] {
  return ledger !== undefined || outputs.length === 0 || fileSinks(outputs).length > 0
    ? []
    : [
        violation(
          RULES.ledger,
          'No output is files, and ledger is not set.',
          "Write ledger: Ledger.at('s3://warehouse/ledger').",
        ),
      ];
}
