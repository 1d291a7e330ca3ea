import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { type RunningCommand, runCommand, startCommand } from '../support/command';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { modelConfig, servingConfig, sha256 } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const MODEL = resolve(__dirname, '../../examples/iris/models/iris-v1.onnx');
const ROW = [5.1, 3.5, 1.4, 0.2];
const root = temporaryDirectory();
const running: RunningCommand[] = [];
let number = 0;

afterEach(async () => {
  for (const command of running.splice(0)) {
    command.child.kill('SIGKILL');
    await command.ended;
  }
});

interface Place {
  readonly config: string;
  readonly httpPort: number;
  readonly metricsPort: number;
  readonly url: string;
}

async function prepare(digest = sha256(readFileSync(MODEL))): Promise<Place> {
  number += 1;
  const directory = join(root, String(number));
  mkdirSync(directory);
  const path = join(directory, 'model.onnx');
  copyFileSync(MODEL, path);
  const [httpPort, grpcPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  const base = servingConfig(modelConfig({ path, sha256: digest }));
  const config = join(directory, 'config.json');
  writeFileSync(config, JSON.stringify({ ...base, server: { ...base.server, httpPort, grpcPort, metricsPort } }));
  return { config, httpPort, metricsPort, url: `http://127.0.0.1:${httpPort}` };
}

async function start({ config, url }: Place): Promise<RunningCommand> {
  const command = startCommand(['predictor', '--config', config]);
  running.push(command);
  await eventually('the predictor is ready', async () => (await fetch(`${url}/v2/health/ready`)).status === 200);
  return command;
}

async function predict(url: string): Promise<unknown> {
  const response = await fetch(`${url}/v1/models/iris:predict`, {
    method: 'POST',
    body: JSON.stringify({ instances: [ROW] }),
  });
  return { status: response.status, body: await response.json() };
}

describe('the predictor role', () => {
  it('serves what the configuration says, and ends with code 0 when it is asked to', async () => {
    const place = await prepare();
    const command = await start(place);
    expect(await predict(place.url)).toMatchObject({ status: 200, body: { predictions: [{ label: 0 }] } });
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(0);
    expect(command.log().map(({ msg }) => msg)).toEqual(expect.arrayContaining(['listening', 'draining', 'drained']));
  });

  it('finishes what is in flight, however often it is asked to stop', async () => {
    const place = await prepare();
    const command = await start(place);
    const body = JSON.stringify({ instances: [ROW] });
    const answer = new Promise<number | undefined>((done, failed) => {
      const pending = request({
        port: place.httpPort,
        method: 'POST',
        path: '/v1/models/iris:predict',
        headers: { 'content-length': body.length },
      });
      pending.on('response', (response) => {
        response.resume();
        done(response.statusCode);
      });
      pending.on('error', failed);
      pending.write(body.slice(0, 5));
      void (async () => {
        await eventually('the request is in flight', async () => {
          const metrics = await (await fetch(`http://127.0.0.1:${place.metricsPort}/metrics`)).text();
          return metrics.includes('model_serving') && pending.writableLength === 0;
        });
        for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT'] as const) {
          const before = command.stdout();
          command.child.kill(signal);
          await eventually(`${signal} is noticed`, () => command.stdout() !== before);
        }
        pending.end(body.slice(5));
      })();
    });
    expect(await answer).toBe(200);
    expect(await command.ended).toBe(0);
    expect(
      command.log().filter(({ msg }) => msg === 'still draining; a further signal does not shorten it'),
    ).toHaveLength(2);
  });

  it('ends with code 43 when the digest of the model does not match', async () => {
    const { config } = await prepare('0'.repeat(64));
    const { code, log } = await runCommand(['predictor', '--config', config]);
    expect(code).toBe(43);
    expect(log.at(-1)).toMatchObject({
      level: 'fatal',
      exitCode: 43,
      msg: expect.stringMatching(/SHA-256|sha256|digest/i),
    });
  });

  it('ends with code 43 when there is no configuration', async () => {
    const { code, log } = await runCommand(['predictor', '--config', join(root, 'none.json')]);
    expect(code).toBe(43);
    expect(log.at(-1)).toMatchObject({ level: 'fatal', msg: expect.stringContaining('the file exists') });
  });

  it.each([
    ['httpPort', 'server.httpPort'],
    ['metricsPort', 'server.metricsPort'],
  ] as const)('names the setting of a port that is in use: %s', async (key, setting) => {
    const place = await prepare();
    const holder = createServer();
    await new Promise<void>((done) => holder.listen(place[key], '::', done));
    try {
      const { code, log } = await runCommand(['predictor', '--config', place.config]);
      expect(code).toBe(1);
      expect(log.at(-1)).toMatchObject({
        msg: expect.stringContaining(`Port ${place[key]} is in use by another process`),
      });
      expect(log.at(-1)).toMatchObject({ msg: expect.stringContaining(setting) });
    } finally {
      holder.close();
    }
  });

  it('goes on when nobody reads its log any more', async () => {
    const place = await prepare();
    const file = resolve(__dirname, '../../runtime/bin/model-serving.js');
    const env = { ...process.env, MODEL_SERVING_LOG_LEVEL: 'trace' };
    const child = spawn(process.execPath, [file, 'predictor', '--config', place.config], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise((done) => child.on('close', done));
    child.stdout.destroy();
    child.stderr.resume();
    await eventually(
      'the predictor is ready',
      async () => (await fetch(`${place.url}/v2/health/ready`)).status === 200,
    );
    expect(await predict(place.url)).toMatchObject({ status: 200 });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
