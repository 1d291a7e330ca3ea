import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '../..');
const FIXTURE = readFileSync(join(ROOT, 'rosetta/default.ts-fixture'), 'utf8');

interface Snippet {
  readonly place: string;
  readonly program: string;
}

/** TypeScript blocks of a page; a block that imports is a whole program, any other goes into the fixture. */
function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(page, 'utf8');
  return [...text.matchAll(/^```ts( nofixture)?\n(.*?)^```$/gms)].map((match) => {
    const line = text.slice(0, match.index).split('\n').length;
    const source = match[2] ?? '';
    const whole = match[1] !== undefined;
    return {
      place: `${relative(ROOT, page)}:${line}`,
      program: whole ? source : FIXTURE.replace('/// here', source),
    };
  });
}

function pages(): string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const examples = readdirSync(join(ROOT, 'examples'), { encoding: 'utf8' }).map(
    (name) => `examples/${name}/README.md`,
  );
  return [
    'README.md',
    ...docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name)),
    ...examples,
  ].map((name) => join(ROOT, name));
}

test('every TypeScript snippet of the README and the docs compiles', () => {
  const snippets = pages().flatMap(snippetsOf);
  expect(snippets.length).toBeGreaterThan(5);

  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  const files = new Map(
    snippets.map((snippet, index) => [join(ROOT, `snippet-${index}.ts`), `${snippet.program}\nexport {};\n`]),
  );
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (name) => files.get(name) ?? readFile(name);
  host.fileExists = (name) => files.has(name) || fileExists(name);
  const { getSourceFile } = host;
  host.getSourceFile = (name, version, ...rest) => {
    const text = files.get(name);
    return text === undefined ? getSourceFile(name, version, ...rest) : ts.createSourceFile(name, text, version);
  };

  const program = ts.createProgram([...files.keys()], { ...options, noUnusedLocals: false }, host);
  const names = [...files.keys()];
  const problems = names.flatMap((name, index) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => `${snippets[index]?.place}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
  expect(problems).toEqual([]);
}, 120_000);
