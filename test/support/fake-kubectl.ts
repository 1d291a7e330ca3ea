import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A kubectl that answers from files, and records how it was called. */
export interface FakeKubectl {
  /** Value for PATH: the fake alone is found. */
  readonly path: string;

  /** Arguments of the calls so far. */
  calls(): string[][];

  /**
   * What it writes for a call by its first words, as `get configmap`, or `watch`. `COMMAND_ID` becomes the id of the last request
   * that was patched in. A watch goes on until it is ended, unless it fails.
   */
  answers(words: string, stdout: string): void;

  /** Makes a call end with 1 and a message on standard error. */
  fails(words: string, stderr: string): void;
}

const SCRIPT = (directory: string) => `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const args = process.argv.slice(2);
const calls = ${JSON.stringify(join(directory, 'calls.jsonl'))};
appendFileSync(calls, JSON.stringify(args) + '\\n');
const words = args.includes('--watch') ? 'watch' : args.slice(0, 2).join(' ');
const file = ${JSON.stringify(`${directory}/`)} + words;
if (existsSync(file + '.error')) {
  process.stderr.write(readFileSync(file + '.error', 'utf8'));
  process.exit(1);
}
const patch = readFileSync(calls, 'utf8').match(/.*"--patch=(.*?[^\\\\])"/)?.[1] ?? '';
const id = patch.match(/[0-9a-f]{8}-[0-9a-f-]{27}/)?.[0] ?? 'none';
process.stdout.write(readFileSync(file, 'utf8').replaceAll('COMMAND_ID', id));
if (words === 'watch') {
  setInterval(() => undefined, 1000);
}
`;

/** Makes a kubectl in a directory of its own. */
export function fakeKubectl(directory: string): FakeKubectl {
  mkdirSync(directory, { recursive: true });
  const program = join(directory, 'kubectl');
  writeFileSync(program, SCRIPT(directory));
  chmodSync(program, 0o755);
  const calls = join(directory, 'calls.jsonl');
  return {
    path: directory + delimiter,
    calls: () =>
      existsSync(calls)
        ? readFileSync(calls, 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line))
        : [],
    answers: (words, stdout) => writeFileSync(join(directory, words), stdout),
    fails: (words, stderr) => writeFileSync(join(directory, `${words}.error`), stderr),
  };
}
