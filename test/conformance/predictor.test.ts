import { join } from 'node:path';
import { type RunningCommand, startCommand } from '../support/command';
import {
  type ConformanceCase,
  type ConformanceTarget,
  loadCases,
  modelNames,
  PACK,
  packModels,
  Target,
} from '../support/conformance';
import { eventually } from '../support/eventually';
import { mountSecret } from '../support/mounted-secret';
import { listenTestPredictor, type TestPredictor } from '../support/predictor';
import { sha256 } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const cases = loadCases();
const names = modelNames(cases);
const root = temporaryDirectory();

/** Cases that need exactly these features. */
const needing = (...features: string[]) =>
  cases.filter(({ needs = [] }) => needs.length === features.length && features.every((each) => needs.includes(each)));

const byId = (selected: readonly ConformanceCase[]) =>
  selected.map((each): [string, ConformanceCase] => [each.id, each]);

const addressOf = ({ predictor }: TestPredictor) => `127.0.0.1:${predictor.addresses.grpc.port}`;

describe('the command serves the models of the conformance pack', () => {
  let command: RunningCommand;
  let target: ConformanceTarget;

  beforeAll(async () => {
    const ports = ['http', 'grpc', 'metrics'].flatMap((port) => [`--${port}-port`, '0']);
    command = startCommand(['serve', '--models', join(PACK, 'models'), '--host', '127.0.0.1', ...ports]);
    const { http, grpc } = (await eventually('the server listens', () =>
      command.log().find(({ msg }) => msg === 'listening'),
    )) as unknown as Record<'http' | 'grpc', { port: number }>;
    await eventually('all models are ready', () => command.log().some(({ msg }) => msg === 'serving'));
    target = new Target({ http: `http://127.0.0.1:${http.port}`, grpc: `127.0.0.1:${grpc.port}`, names });
  });

  afterAll(async () => {
    target.close();
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(0);
  });

  it.each(byId(needing()))('%s', async (_id, each) => {
    expect(await target.run(each)).toEqual([]);
  });

  it('writes no error to its log meanwhile', () => {
    expect(command.log().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    expect(command.stderr()).toBe('');
  });
});

describe('with a model that cannot be loaded', () => {
  let target: ConformanceTarget;

  beforeAll(async () => {
    const server = await listenTestPredictor(
      [...packModels(), ...packModels('models-not-ready')],
      {},
      {
        onLoadFailure: 'report',
      },
    );
    await server.predictor.ready;
    target = new Target({ http: server.url, grpc: addressOf(server), names });
  });
  afterAll(() => target.close());

  it.each(byId(needing('not-ready')))('%s', async (_id, each) => {
    expect(await target.run(each)).toEqual([]);
  });
});

describe('with authentication', () => {
  const key = 'conformance-key';
  let target: ConformanceTarget;

  beforeAll(async () => {
    const path = join(root, 'keys');
    mountSecret(path, { tests: sha256(key) });
    const server = await listenTestPredictor(packModels(), { authentication: { apiKeys: { path } } });
    await server.predictor.ready;
    target = new Target({
      http: server.url,
      grpc: addressOf(server),
      names: { ...names, apiKey: key },
      headers: { 'x-api-key': key },
    });
  });
  afterAll(() => target.close());

  it.each(byId(needing('authentication')))('%s', async (_id, each) => {
    expect(await target.run(each)).toEqual([]);
  });
});

describe('with other limits', () => {
  const bodyLimit = 8 * 1024 * 1024;
  let target: ConformanceTarget;

  beforeAll(async () => {
    const limits = { requestMillis: 1000, headersMillis: 1000, checkMillis: 50 };
    const server = await listenTestPredictor(packModels(), { maxBodyBytes: bodyLimit }, { limits });
    await server.predictor.ready;
    target = new Target({
      http: server.url,
      grpc: addressOf(server),
      names: { ...names, overBodyLimit: bodyLimit + 1 },
    });
  });
  afterAll(() => target.close());

  it.each(byId([...needing('body-limit'), ...needing('large-bodies'), ...needing('patience')]))(
    '%s',
    async (_id, each) => {
      expect(await target.run(each)).toEqual([]);
    },
  );
});

it('leaves out no case of the pack', () => {
  const known = ['not-ready', 'authentication', 'body-limit', 'large-bodies', 'patience'];
  expect(cases.filter(({ needs = [] }) => needs.length > 1 || !needs.every((need) => known.includes(need)))).toEqual(
    [],
  );
});
