import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { type RunningCommand, runCommand, startCommand, TERMINAL } from '../support/command';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { largestDifference } from '../support/prediction';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const IRIS = resolve(__dirname, '../../examples/iris');
const FIXTURES = resolve(__dirname, '../fixtures/models');
const root = temporaryDirectory();
const running: RunningCommand[] = [];
let number = 0;

afterEach(async () => {
  for (const command of running.splice(0)) {
    command.child.kill('SIGKILL');
    await command.ended;
  }
});

/** A directory of models: file of the fixture by path. */
function models(files: Record<string, string>): string {
  number += 1;
  const directory = join(root, String(number));
  for (const [path, file] of Object.entries(files)) {
    mkdirSync(join(directory, path), { recursive: true });
    copyFileSync(file, join(directory, path, 'model.onnx'));
  }
  return directory;
}

/** Any free ones. */
const ANY_PORTS = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0'];

async function start(
  directory: string,
  ...args: string[]
): Promise<{ command: RunningCommand; url: string; metrics: string }> {
  const command = startCommand(['serve', '--models', directory, ...ANY_PORTS, ...args]);
  running.push(command);
  const line = await eventually('the server says where it is', () =>
    command.log().find(({ msg }) => msg === 'serving'),
  );
  return { command, url: String(line.http), metrics: String(line.metrics) };
}

const get = async (url: string) => {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
};

describe('serve', () => {
  it('serves real models with the predictions of Python', async () => {
    const { command, url, metrics } = await start(
      models({ 'iris/v1': `${IRIS}/models/iris-v1.onnx`, 'iris/v2': `${IRIS}/models/iris-v2.onnx` }),
    );
    const { instances, predictions } = JSON.parse(readFileSync(join(IRIS, 'predictions.json'), 'utf8'));
    for (const version of ['v1', 'v2']) {
      const response = await fetch(`${url}/v1/models/iris/versions/${version}:predict`, {
        method: 'POST',
        body: JSON.stringify({ instances }),
      });
      const answer = (await response.json()) as { predictions: { label: number; probabilities: number[] }[] };
      expect(answer.predictions.map(({ label }) => label)).toEqual(predictions[version].label);
      const probabilities = answer.predictions.map((prediction) => prediction.probabilities);
      expect(largestDifference(probabilities, predictions[version].probabilities)).toBeLessThan(1e-6);
    }
    expect((await fetch(metrics)).status).toBe(200);
    command.child.kill('SIGINT');
    expect(await command.ended).toBe(0);
  });

  it('lists models that cannot be served with their reason, and serves the others', async () => {
    const { command, url } = await start(
      models({
        iris: `${IRIS}/models/iris-v1.onnx`,
        broken: `${FIXTURES}/corrupted.onnx`,
        evil: `${FIXTURES}/external-data.onnx`,
        'bad name': `${IRIS}/models/iris-v1.onnx`,
      }),
    );
    expect(await get(`${url}/v2/models/iris/ready`)).toMatchObject({ status: 200 });
    for (const name of ['broken', 'evil']) {
      expect(await get(`${url}/v2/models/${name}/ready`)).toMatchObject({
        status: 503,
        body: { ready: false, error: expect.stringContaining(name) },
      });
    }
    const reported = command.log().filter(({ msg }) => msg === 'model is not ready');
    expect(reported.map(({ model }) => model)).toEqual(expect.arrayContaining(['broken', 'evil', 'bad name']));
    expect(reported.every(({ reason }) => typeof reason === 'string' && reason !== '')).toBe(true);
  });

  it('listens on the address that is asked for', async () => {
    const { url } = await start(models({ iris: `${IRIS}/models/iris-v1.onnx` }), '--host', '127.0.0.1');
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect((await get(`${url}/v2/health/ready`)).status).toBe(200);
  });

  it.each(['--http-port', '--grpc-port', '--metrics-port'])(
    'names the option of a port that is in use: %s',
    async (option) => {
      const port = await freePort();
      const holder = createServer();
      await new Promise<void>((done) => holder.listen(port, '::', done));
      try {
        const directory = models({ iris: `${IRIS}/models/iris-v1.onnx` });
        const { code, log } = await runCommand(['serve', '--models', directory, ...ANY_PORTS, option, String(port)]);
        expect(code).toBe(1);
        expect(log.at(-1)).toMatchObject({
          msg: expect.stringMatching(new RegExp(`Port ${port} is in use.*${option}`)),
        });
      } finally {
        holder.close();
      }
    },
  );

  it('says what it looked for when there is nothing', async () => {
    const { code, log } = await runCommand(['serve', '--models', join(root, 'none')]);
    expect(code).toBe(1);
    expect(log.at(-1)).toMatchObject({
      msg: expect.stringMatching(/none does not exist\. Expected: DIR\/<name>\/model\.onnx/),
    });
  });
});

describeWith('serve on a terminal', TERMINAL, () => {
  it('prints a table and a request to paste, which works', async () => {
    const directory = models({ iris: `${IRIS}/models/iris-v1.onnx`, broken: `${FIXTURES}/corrupted.onnx` });
    const args = ['serve', '--models', directory, ...ANY_PORTS];
    const command = startCommand(args, { terminal: true });
    running.push(command);
    await eventually('the request is printed', () => command.stdout().includes('Ctrl-C drains and ends.'));
    const text = command.stdout();
    expect(text).toMatch(/MODEL +VERSION +STATE +INPUTS → OUTPUTS/);
    expect(text).toMatch(/broken +1 +not ready +the file is damaged/);
    expect(text).toMatch(/iris +1 +ready +features FP32 \[-1,4\] → label INT64 \[-1\], probabilities FP32 \[-1,3\]/);
    const [, url = '', body = ''] =
      /curl -s (\S+) -H 'Content-Type: application\/json' \\\s+-d '(.*)'/.exec(text) ?? [];
    const response = await fetch(url, { method: 'POST', body });
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 200,
      body: { predictions: [{}] },
    });
  });

  it('tells errors as text', async () => {
    const { code, stdout } = await runCommand(['serve', '--models', join(root, 'none')], { terminal: true });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^model-serving: The directory .*none does not exist/m);
    expect(stdout).not.toContain('"level"');
  });
});
