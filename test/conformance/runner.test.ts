import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AlterableAnswer, startAlteringProxy } from '../support/altering-proxy';
import { loadCases, PACK, packModels } from '../support/conformance';
import { freePort } from '../support/free-port';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { temporaryDirectory } from '../support/temporary';

interface Result {
  readonly id: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly problems: readonly string[];
}

const root = temporaryDirectory();

/** Runs the command of the pack. */
function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(PACK, 'run.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
}

let server: TestPredictor;

beforeAll(async () => {
  server = await startTestPredictor(packModels(), {}, {});
});

/** Ids of the cases that fail when answers are changed on their way. */
async function failuresOf(alter: (answer: AlterableAnswer, path: string) => void, only: string[]): Promise<string[]> {
  const proxy = await startAlteringProxy(server.url, alter);
  try {
    const { code, stdout } = await run(
      '--http',
      proxy.url,
      '--json',
      ...only.flatMap((pattern) => ['--only', pattern]),
    );
    const failed = (JSON.parse(stdout) as Result[]).filter(({ outcome }) => outcome === 'failed').map(({ id }) => id);
    expect(code).toBe(failed.length > 0 ? 1 : 0);
    return failed;
  } finally {
    await proxy.close();
  }
}

/** Changes the JSON of answers that have some. */
const alterJson =
  // biome-ignore lint/suspicious/noExplicitAny: bodies of any form
  (change: (body: any) => unknown) => (answer: AlterableAnswer) => {
    if (answer.headers['inference-header-content-length'] === undefined && answer.body.length > 0) {
      answer.body = Buffer.from(JSON.stringify(change(JSON.parse(answer.body.toString()))));
    }
  };

const SOME = ['v2-rest/infer', 'v2-rest/echo-id', 'v2-rest/outputs-chosen', 'v2-rest/input-missing', 'v2-rest/no-id'];
const BINARY = ['v2-binary/output-binary', 'v2-binary/headers-of-answer', 'v2-binary/size-too-small'];

describe('a server that is wrong in one way fails the cases of that rule, and no others', () => {
  it.each<[string, (answer: AlterableAnswer, path: string) => void, string[], string[]]>([
    ['nothing', () => undefined, [...SOME, ...BINARY], []],
    [
      'the order of outputs, which is free',
      alterJson((body) => ({ ...body, outputs: body.outputs?.toReversed() })),
      ['v2-rest/infer', 'v2-rest/rows-in-order'],
      [],
    ],
    [
      'a number',
      alterJson((body) => {
        body.outputs?.[0].data.splice(3, 1, 999);
        return body;
      }),
      SOME,
      ['v2-rest/infer', 'v2-rest/outputs-chosen'],
    ],
    [
      'an output too many',
      alterJson((body) => ({ ...body, outputs: [...(body.outputs ?? []), { name: 'X' }] })),
      SOME,
      ['v2-rest/infer', 'v2-rest/outputs-chosen'],
    ],
    ['the identifier', alterJson(({ id: _id, ...body }) => body), SOME, ['v2-rest/echo-id']],
    ['an identifier that is null', alterJson((body) => ({ ...body, id: body.id ?? null })), SOME, []],
    [
      'an identifier that is a number',
      alterJson((body) => ({ ...body, id: 7 })),
      SOME,
      ['v2-rest/echo-id', 'v2-rest/no-id'],
    ],
    [
      'faults of clients are 500',
      (answer) => {
        answer.status = answer.status === 400 ? 500 : answer.status;
      },
      [...SOME, ...BINARY],
      ['v2-rest/input-missing', 'v2-binary/size-too-small'],
    ],
    [
      'the error is under another key',
      alterJson(({ error, ...body }) => (error === undefined ? body : { detail: error })),
      SOME,
      ['v2-rest/input-missing'],
    ],
    [
      'a length of JSON that is too large',
      (answer) => {
        if (answer.headers['inference-header-content-length'] !== undefined) {
          answer.headers['inference-header-content-length'] = '100000';
        }
      },
      BINARY,
      ['v2-binary/output-binary', 'v2-binary/headers-of-answer'],
    ],
    [
      'the last byte is lost',
      (answer) => {
        if (answer.headers['inference-header-content-length'] !== undefined) {
          answer.body = answer.body.subarray(0, -1);
        }
      },
      BINARY,
      ['v2-binary/output-binary', 'v2-binary/headers-of-answer'],
    ],
    [
      'every answer closes its connection',
      (answer) => {
        answer.headers.connection = 'close';
      },
      [...SOME, 'v2-rest/connection-after-error'],
      ['v2-rest/connection-after-error'],
    ],
    [
      'integers go over a double',
      (answer) => {
        answer.body = Buffer.from(JSON.stringify(JSON.parse(answer.body.toString())));
      },
      ['v2-rest/datatype-int64', 'v2-rest/datatype-uint64', 'v2-rest/datatype-int32', 'v2-rest/datatype-fp64'],
      ['v2-rest/datatype-int64', 'v2-rest/datatype-uint64'],
    ],
    [
      'an error shows a value',
      alterJson((body) => (body.error === undefined ? body : { error: `swordfish: ${body.error}` })),
      ['v2-rest/error-without-values', 'v2-rest/error-names-input'],
      ['v2-rest/error-without-values'],
    ],
  ])('%s', async (_what, alter, only, expected) => {
    expect((await failuresOf(alter, only)).sort()).toEqual([...expected].sort());
  });

  it('answers of two requests are exchanged', async () => {
    let kept: Buffer | undefined;
    const failed = await failuresOf(
      (answer) => {
        const { body } = answer;
        answer.body = kept ?? body;
        kept = body;
      },
      ['v2-rest/own-answer-in-a-crowd', 'v1/own-answer-in-a-crowd'],
    );
    expect(failed).toEqual(['v1/own-answer-in-a-crowd', 'v2-rest/own-answer-in-a-crowd']);
  });
});

describe('the command of the pack', () => {
  it('prints a table with sums, and writes a report that other tools read', async () => {
    const junit = join(root, 'report.xml');
    const selected = ['--only', 'v2-rest/echo-id', '--only', 'v1/predict-*', '--only', 'v2-grpc/health'];
    const { code, stdout } = await run('--http', server.url, ...selected, '--junit', junit);

    const count = loadCases().filter(({ id }) => id.startsWith('v1/predict-')).length + 1;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {6}v2-rest\/echo-id +specification +\d+ ms$/m);
    expect(stdout).toMatch(/^1 skipped: needs --grpc$/m);
    expect(stdout.trim().split('\n').at(-1)).toMatch(new RegExp(`^${count} passed, 0 failed, \\d+ skipped$`));
    const report = readFileSync(junit, 'utf8');
    expect(report).toContain('<testcase classname="v2-rest" name="echo-id" time="');
    expect(report).toContain(
      '<testcase classname="v2-grpc" name="health" time="0.000"><skipped message="needs --grpc"/>',
    );
    expect(report.match(/<testcase /g)).toHaveLength(loadCases().length);
  });

  it('names rule, source and difference of what fails', async () => {
    const proxy = await startAlteringProxy(
      server.url,
      alterJson((body) => ({ ...body, id: '<41> & "more"' })),
    );
    const junit = join(root, 'failed.xml');
    const { code, stdout } = await run('--http', proxy.url, '--only', 'v2-rest/echo-id', '--junit', junit);
    await proxy.close();

    expect(code).toBe(1);
    expect(stdout).toContain('FAILED  v2-rest/echo-id');
    expect(stdout).toContain('The identifier of a request comes back. (Open Inference Protocol, REST, ');
    expect(stdout).toMatch(/- body\.id: "<41> & \\"more\\"" is not "42 /);
    expect(readFileSync(junit, 'utf8')).toContain('&lt;41&gt; &amp; \\&quot;more\\&quot;');
  });

  it('fails when no case runs, and when nothing answers', async () => {
    expect((await run('--http', server.url, '--only', 'v9-*')).code).toBe(1);
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const { code, stdout } = await run('--http', nobody, '--only', 'v1/server-alive');
    expect([code, stdout]).toEqual([1, expect.stringContaining('- no answer: ')]);
  });

  it('finds models under other names', async () => {
    const renamed = await startTestPredictor([
      fixture(join(PACK, 'models/iris/1/model.onnx'), { name: 'flowers', version: '1' }),
    ]);
    const only = ['--only', 'v1/predict-one-row', '--only', 'v2-rest/model-metadata'];
    expect((await run('--http', renamed.url, ...only)).code).toBe(1);
    expect((await run('--http', renamed.url, ...only, '--model', 'iris=flowers')).code).toBe(0);
  });

  it('leaves out the cases of models that are not there', async () => {
    const only = ['--only', 'v1/predict-rank-*'];
    const { code, stdout } = await run('--http', server.url, ...only, '--without', 'cube');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 skipped: --without cube$/m);
    expect(stdout).toMatch(/^1 passed, 0 failed, /m);
  });

  it('chooses by group, id and basis', async () => {
    const ids = async (...args: string[]) => {
      const { stdout } = await run('--http', server.url, '--json', ...args);
      return (JSON.parse(stdout) as Result[]).filter(({ outcome }) => outcome !== 'skipped').map(({ id }) => id);
    };
    const health = await ids('--only', 'v2-rest/server-*', '--except', '*/server-metadata*');
    expect(health).toEqual(
      ['server-live', 'server-live-body', 'server-ready', 'server-ready-body'].map((n) => `v2-rest/${n}`),
    );
    expect(await ids('--only', 'v1/server-*', '--basis', 'specification')).toEqual([]);
    expect(new Set((await ids('--only', 'cloudevents')).map((id) => id.split('/')[0]))).toEqual(
      new Set(['cloudevents']),
    );
  });

  it.each([
    [['--only', 'v1'], '--http needs a URL'],
    [['--http', 'x'], '--http needs a URL'],
    [
      ['--http', 'http://127.0.0.1', '--basis', 'taste'],
      '--basis is one of specification, practice, decision; found taste.',
    ],
    [['--http', 'http://127.0.0.1', '--model', 'iris'], '--model needs NAME=VALUE; found iris.'],
    [['--http', 'http://127.0.0.1', '--timeout', '0'], '--timeout needs a whole number above 0; found 0.'],
    [['--frobnicate'], "Unknown option '--frobnicate'"],
  ])('says what is wrong with %j', async (args, message) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(stderr).toContain('node conformance/run.js --http');
  });

  it('lists its cases, and helps', async () => {
    const { code, stdout } = await run('--list');
    expect([code, stdout.match(/^\S+\/\S+$/gm)]).toEqual([0, loadCases().map(({ id }) => id)]);
    expect((await run('--help')).stdout).toContain('--junit FILE');
  });
});
