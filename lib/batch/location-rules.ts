import { isDnsSubdomain, quote, RULES, type Violation, violation, withoutSecrets } from '../kubernetes';
import { checkStore, isRelativePath } from '../model';
import { claimOf, type DataLocation, locationType, storedObject } from './data-location';

const EXAMPLES = {
  input: 's3://warehouse/users/*.parquet',
  output: 's3://warehouse/predictions',
  ledger: 's3://warehouse/ledger',
} as const;

/** What stands in a pattern for the time of the run, and what it looks like. */
const TIMES: readonly [placeholder: string, form: string][] = [
  ['{date}', '\\d{4}-\\d{2}-\\d{2}'],
  ['{hour}', '\\d{2}'],
];

const OBJECT = /^(s3|gs):\/\/[^/@\s]+\/.+$/;
const WEB = /^https?:\/\/[^/@\s]+\/.+$/;
const AZURE = /^https?:\/\/[^/@\s]+\/[^/]+\/.+$/;

/** Names of the files that a job writes below a location. */
const WRITTEN = ['run=a/_SUCCESS.json', 'run=a/_plan.json', 'run=a/_units/0-0.json', 'run=a/parts/0-0-a'];
const ENDINGS = ['', '.parquet', '.csv', '.jsonl', '.json'];

/** Checks one location. */
export function checkLocation(location: DataLocation): Violation[] {
  const object = storedObject(location);
  return [
    ...checkForm(location),
    ...checkPattern(location),
    ...(object === undefined ? [] : checkStore(location.what, object)),
  ];
}

/** Checks that nothing that is written can be read as a row. */
export function checkOverlap(input: DataLocation, written: DataLocation[]): Violation[] {
  const pattern = patternOf(input.uri);
  const literal = input.uri.split(/[*{]/)[0] ?? '';
  const overlapping = written.filter(({ uri }) => {
    const directory = `${uri.replace(/\/+$/, '')}/`;
    const files = WRITTEN.flatMap((name) => ENDINGS.map((ending) => `${directory}${name}${ending}`));
    return literal.startsWith(directory) || files.some((file) => pattern.test(file));
  });
  return overlapping.map(({ what, uri }) =>
    violation(
      RULES.tableOverlap,
      `The input is at ${quote(input.uri)}, and the ${what} at ${quote(uri)}.`,
      `Write the ${what} to a directory of its own.`,
    ),
  );
}

/** Whether a location depends on the time of the run. */
export function isDated({ uri }: DataLocation): boolean {
  return TIMES.some(([placeholder]) => uri.includes(placeholder));
}

function checkForm(location: DataLocation): Violation[] {
  const { what, uri, options } = location;
  const problem = formProblem(location);
  const isWhole = locationType(uri) === 'file' || locationType(uri) === 'https';
  return [
    ...(problem === undefined
      ? []
      : [
          violation(
            RULES.tableAddress,
            `The ${what} is at ${quote(withoutSecrets(uri))}${problem}.`,
            `Write it as in ${quote(EXAMPLES[what])}.`,
          ),
        ]),
    ...(isWhole && options.endpoint !== undefined
      ? [
          violation(
            RULES.tableAddress,
            `The ${what} is at ${quote(withoutSecrets(uri))}, and endpoint is ${quote(withoutSecrets(options.endpoint))}.`,
            'Remove endpoint: the address names the server.',
          ),
        ]
      : []),
  ];
}

/** How an address is wrong, as the end of a sentence; `undefined` when it is right. */
function formProblem({ what, uri }: DataLocation): string | undefined {
  const path = what === 'input' ? uri : uri.replace(/\/+$/, '');
  switch (locationType(uri)) {
    case 's3':
    case 'gcs':
      return OBJECT.test(path) ? undefined : ', which names no bucket and key';
    case 'azure-blob':
      return AZURE.test(path) ? undefined : ', which names no container and blob';
    case 'file': {
      const { claim = '', path: below = '' } = claimOf(path) ?? {};
      return isDnsSubdomain(claim) && isRelativePath(below) ? undefined : ', which names no claim and path below it';
    }
    case 'https':
      if (what !== 'input') {
        return ', a web server, which can only be read from';
      }
      return WEB.test(path) ? undefined : ', which names no file';
    case undefined:
      return '';
  }
}

function checkPattern({ what, uri }: DataLocation): Violation[] {
  const isPattern = what === 'input' && locationType(uri) !== 'https';
  const plain = isPattern
    ? TIMES.reduce((text, [placeholder]) => text.replaceAll(placeholder, ''), uri).replaceAll('*', '')
    : uri;
  const [special] = /[*?#[\]{}]/.exec(plain) ?? [];
  return special === undefined
    ? []
    : [
        violation(
          RULES.tablePattern,
          `The ${what} is at ${quote(withoutSecrets(uri))}, with ${quote(special)}.`,
          isPattern
            ? "Write '*' for a part of a name, '**' for any path, {date} and {hour} for the time of the run."
            : `Write the address without patterns, as in ${quote(EXAMPLES[what].replace('*', 'users'))}.`,
        ),
      ];
}

function patternOf(uri: string): RegExp {
  const parts = uri.split(/(\*\*|\*|\{date\}|\{hour\})/);
  const text = parts.map((part) => {
    const form = TIMES.find(([placeholder]) => placeholder === part)?.[1];
    return form ?? (part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  });
  return new RegExp(`^${text.join('')}$`);
}
