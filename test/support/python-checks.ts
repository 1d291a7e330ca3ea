import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PYTHON, PYTHON_SETUP_MILLIS, PythonEnvironment } from './python-environment';
import { describeWith } from './requires';

const SCRIPTS = resolve(__dirname, '../interop/python');
const REQUIREMENTS = resolve(__dirname, '../interop');

/** Longest time for all checks of a script. */
const CHECKS_MILLIS = 180_000;

/** Where the server under test listens. */
export interface ServerAddresses {
  /** Base URL of the REST protocols. */
  readonly http: string;

  /** `host:port` of the gRPC protocol. */
  readonly grpc: string;
}

interface CheckResult {
  readonly check: string;
  readonly passed: boolean;
  readonly error?: string;
}

/**
 * Runs a Python script of checks, and makes a test of each of them.
 *
 * @param name of the client, for the report
 * @param script file in `test/interop/python`, without `.py`
 * @param requirements file in `test/interop`, without `.txt`
 * @param server asked when the tests run
 */
export function describePythonChecks(
  name: string,
  script: string,
  requirements: string,
  server: () => Promise<ServerAddresses>,
): void {
  const file = join(SCRIPTS, `${script}.py`);
  describeWith(name, PYTHON, () => {
    let results: Map<string, CheckResult>;

    beforeAll(async () => {
      const environment = new PythonEnvironment(join(REQUIREMENTS, `${requirements}.txt`));
      await environment.prepare();
      const { http, grpc } = await server();
      const env = { SERVER_HTTP: http, SERVER_GRPC: grpc };
      const { code, stdout, stderr } = await environment.run('python', [file], { env });
      if (code !== 0) {
        throw new Error(`${script}.py ended with ${code}:\n${stderr}`);
      }
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
      results = new Map(lines.map((line) => JSON.parse(line) as CheckResult).map((result) => [result.check, result]));
    }, PYTHON_SETUP_MILLIS + CHECKS_MILLIS);

    it.each(namesOf(file))('%s', (check) => {
      expect(results.get(check)?.error).toBeUndefined();
      expect(results.get(check)?.passed).toBe(true);
    });
  });
}

/** Names of the checks of a script: they have to be known before it runs. */
function namesOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^@check\("(.*)"\)$/gm)].map(([, check]) => check);
}
