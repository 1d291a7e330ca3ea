// The command line of the runner.
const { parseArgs } = require('node:util');

const USAGE = `Sends the cases of the pack to a server and compares the answers.

  node conformance/run.js --http http://127.0.0.1:8080 [--grpc 127.0.0.1:8081]

  --http URL            base URL of the REST protocols (required)
  --grpc HOST:PORT      address of the gRPC protocol; without it its cases are skipped
  --only PATTERN        cases to run: ids such as v2-rest/echo-id, or groups such as v2-*; may be repeated
  --except PATTERN      cases to leave out, as above
  --basis BASIS         specification, practice or decision: why a rule is one; may be repeated
  --model NAME=OTHER    the server serves the pack's model NAME as OTHER; may be repeated
  --without NAME        the server does not serve the pack's model NAME: its cases are skipped; may be repeated
  --with FEATURE        the server is set up for cases that need more, as the README says; may be repeated
  --header NAME=VALUE   sent with every request, for example a key; may be repeated
  --api-key KEY         a key that the server accepts: runs the cases of authentication
  --body-limit BYTES    the server's limit of bodies: runs the cases about it
  --timeout MILLIS      longest wait for one answer (10000)
  --junit FILE          also writes a JUnit report
  --json                prints the results as JSON instead of a table
  --list                prints the cases and their rules, and sends nothing
  --help
`;

const TEXT = { type: 'string' };
const TEXTS = { type: 'string', multiple: true, default: [] };
const FLAG = { type: 'boolean', default: false };

const BASES = ['specification', 'practice', 'decision'];

/** The command line is wrong. */
class UsageError extends Error {}

/**
 * Reads the command line.
 *
 * @throws UsageError
 */
function readOptions(args) {
  const values = parse(args);
  if (!values.list && !values.help && !URL.canParse(values.http ?? '')) {
    throw new UsageError('--http needs a URL, for example http://127.0.0.1:8080.');
  }
  const wrong = values.basis.find((basis) => !BASES.includes(basis));
  if (wrong !== undefined) {
    throw new UsageError(`--basis is one of ${BASES.join(', ')}; found ${wrong}.`);
  }
  const { 'api-key': apiKey, 'body-limit': bodyLimit } = values;
  const features = new Set(values.with);
  for (const [feature, present] of Object.entries({
    grpc: values.grpc,
    authentication: apiKey,
    'body-limit': bodyLimit,
  })) {
    if (present !== undefined) {
      features.add(feature);
    }
  }
  return {
    ...values,
    features,
    bases: values.basis,
    timeoutMillis: positive('--timeout', values.timeout),
    headers: { ...pairs('--header', values.header), ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }) },
    names: {
      ...pairs('--model', values.model),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(bodyLimit === undefined ? {} : { overBodyLimit: positive('--body-limit', bodyLimit) + 1 }),
    },
  };
}

function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        http: TEXT,
        grpc: TEXT,
        only: TEXTS,
        except: TEXTS,
        basis: TEXTS,
        model: TEXTS,
        with: TEXTS,
        without: TEXTS,
        header: TEXTS,
        'api-key': TEXT,
        'body-limit': TEXT,
        timeout: { type: 'string', default: '10000' },
        junit: TEXT,
        json: FLAG,
        list: FLAG,
        help: FLAG,
      },
    }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function pairs(option, texts) {
  return Object.fromEntries(
    texts.map((text) => {
      const separator = text.indexOf('=');
      if (separator <= 0) {
        throw new UsageError(`${option} needs NAME=VALUE; found ${text}.`);
      }
      return [text.slice(0, separator), text.slice(separator + 1)];
    }),
  );
}

function positive(option, text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number <= 0) {
    throw new UsageError(`${option} needs a whole number above 0; found ${text}.`);
  }
  return number;
}

module.exports = { readOptions, USAGE, UsageError };
