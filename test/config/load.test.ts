import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServingConfig } from '../../lib/contract';
import { bindHost, ConfigurationError, checkConfig, containerPath, loadConfig } from '../../runtime/src/config';
import { modelConfig, servingConfig, sourceConfig } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const root = temporaryDirectory();
const good = servingConfig(
  modelConfig({
    path: '/models/iris/v1/model.onnx',
    latencyBudgetMillis: 100,
    warmUp: { runs: 2, request: { instances: [[1]] } },
  }),
  modelConfig({
    version: 'v2',
    path: '/models/iris/v2/model.onnx',
    source: sourceConfig({
      type: 's3',
      uri: 's3://models/iris/model.tar.gz',
      endpoint: 'http://minio.storage:9000',
      region: 'eu-central-1',
      credentialsPath: '/etc/model-serving-credentials/s3',
      archiveMember: 'model.onnx',
      archiveSha256: 'a'.repeat(64),
    }),
  }),
);

function write(content: string): string {
  const file = join(root, 'config.json');
  writeFileSync(file, content);
  return file;
}

/** Values by path, `undefined` = removed. */
type Change = Readonly<Record<string, unknown>>;

function changed(change: Change): object {
  const config = structuredClone(good);
  for (const [path, value] of Object.entries(change)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce<unknown>((object, key) => (object as Record<string, unknown>)[key], config);
    (parent as Record<string, unknown>)[last] = value;
  }
  return JSON.parse(JSON.stringify(config));
}

/** Problems of the good configuration after a change, each as `path: rule`. */
function problemsAfter(change: Change): string[] {
  return problemsOf(() => checkConfig(changed(change), 'test')).problems.map(({ path, rule }) => `${path}: ${rule}`);
}

function problemsOf(work: () => unknown): ConfigurationError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return error as ConfigurationError;
  }
  throw new Error('nothing was refused');
}

afterEach(() => {
  delete process.env.MODEL_SERVING_SANDBOX;
  delete process.env.MODEL_SERVING_HOST;
});

describe('a configuration that keeps the contract', () => {
  it('is read as it is', () => {
    expect(loadConfig(write(JSON.stringify(good)))).toEqual(good);
  });
});

describe('a configuration that breaks the contract', () => {
  const cases: [string, Change, string][] = [
    ['an unknown key', { extra: 1 }, 'extra: is not a key of this configuration'],
    ['an unknown key of a model', { 'models.0.gpu': true }, 'models[0].gpu: is not a key of this configuration'],
    [
      'an unknown key of a source',
      { 'models.1.source.token': 'x' },
      'models[1].source.token: is not a key of this configuration',
    ],
    ['another schema', { schema: 'model-serving/v2' }, "schema: is 'model-serving/v1'"],
    ['no models', { models: [] }, 'models: has at least 1 element'],
    ['a missing key', { server: undefined }, 'server: is required'],
    ['a wrong type', { 'models.0.warmUp.runs': '3' }, 'models[0].warmUp.runs: is a number'],
    ['a fraction', { 'server.maxBodyBytes': 1.5 }, 'server.maxBodyBytes: is a whole number'],
    ['another format', { 'models.0.format': 'pickle' }, "models[0].format: is 'onnx'"],
    [
      'a digest in upper case',
      { 'models.0.sha256': 'A'.repeat(64) },
      'models[0].sha256: is a SHA-256 of 64 lower-case hexadecimal digits',
    ],
    [
      'a relative path',
      { 'models.0.path': 'model.onnx' },
      "models[0].path: is an absolute path without '.', '..' and doubled or trailing slashes",
    ],
    [
      'a path with ..',
      { 'models.0.path': '/models/../etc/passwd' },
      "models[0].path: is an absolute path without '.', '..' and doubled or trailing slashes",
    ],
    ['a port out of range', { 'server.httpPort': 70_000 }, 'server.httpPort: is at most 65535'],
    ['a port that is used twice', { 'server.metricsPort': 8080 }, 'server.metricsPort: is a port of its own'],
    ['a time of zero', { 'models.0.latencyBudgetMillis': 0 }, 'models[0].latencyBudgetMillis: is at least 1'],
    ['a model that is there twice', { 'models.1.version': 'v1' }, 'models[1]: name and version are together unique'],
    [
      'two models in one file',
      { 'models.1.path': '/models/iris/v1/model.onnx' },
      'models[1].path: is a file of its own for every model',
    ],
    [
      'an unknown source',
      { 'models.1.source.type': 'ftp' },
      'models[1].source.type: is one of s3, gcs, azure-blob, https',
    ],
    [
      'an address of another source',
      { 'models.1.source.uri': 'gs://a/b' },
      'models[1].source.uri: is s3://bucket/key for the type s3',
    ],
    [
      'credentials in the address',
      { 'models.1.source.uri': 's3://a:b@c/d' },
      'models[1].source.uri: is a full address without user name and password',
    ],
    [
      'an address that is not encrypted',
      { 'models.1.source.allowPrivate': false },
      'models[1].source.endpoint: is encrypted (https://) unless allowPrivate is true',
    ],
    [
      'an archive path with ..',
      { 'models.1.source.archiveMember': '../x' },
      "models[1].source.archiveMember: is a relative path without '.' and '..'",
    ],
    [
      'an archive digest alone',
      { 'models.1.source.archiveMember': undefined },
      'models[1].source.archiveSha256: goes with archiveMember',
    ],
    [
      'redirects of a storage service',
      { 'models.1.source.redirectHosts': ['a.example'] },
      'models[1].source.redirectHosts: goes with the type https',
    ],
    [
      'an endpoint of a web server',
      { 'models.1.source.type': 'https', 'models.1.source.uri': 'https://a.example/m' },
      'models[1].source.endpoint: is absent for the type https',
    ],
  ];

  it.each(cases)('is refused for %s', (_, change, problem) => {
    expect(problemsAfter(change)).toEqual([problem]);
  });

  it.each(['a b', '', '-a', 'a/b', '..', 'a'.repeat(129), 'ü'])('is refused for the name %p', (name) => {
    expect(problemsAfter({ 'models.0.name': name })[0]).toMatch(/^models\[0\]\.name: is 1 to 128 letters/);
  });

  it('is told with every problem at once, each with value, rule and fix', () => {
    const change = { 'models.0.sha256': 'abc', 'models.1.version': 'v1', 'server.grpcPort': 8080, unknown: { a: 1 } };
    const error = problemsOf(() => checkConfig(changed(change), 'configuration x'));
    expect(error.exitCode).toBe(43);
    expect(error.problems).toHaveLength(4);
    expect(error.describe()).toContain(
      'models[0].sha256: is a SHA-256 of 64 lower-case hexadecimal digits (found "abc"). Take what `sha256sum FILE` prints.',
    );
    expect(error.describe()).toContain('unknown: is not a key of this configuration (found {"a":1}).');
  });

  it('cuts long values', () => {
    const change = { 'models.0.sha256': 'x'.repeat(10_000) };
    expect(problemsOf(() => checkConfig(changed(change), 'test')).message.length).toBeLessThan(500);
  });
});

describe('a file that is no configuration', () => {
  it.each([
    ['no JSON', '{', /is JSON/],
    ['a prototype', '{"__proto__": {"x": 1}}', /is JSON/],
    ['a list', '[]', /is an object/],
    ['nothing', '', /is JSON/],
  ])('is refused: %s', (_, content, message) => {
    expect(problemsOf(() => loadConfig(write(content))).message).toMatch(message);
  });

  it('is refused when it is missing or a directory', () => {
    expect(problemsOf(() => loadConfig(join(root, 'none.json'))).message).toMatch(/the file exists/);
    expect(problemsOf(() => loadConfig(root)).message).toMatch(/the file can be read \(EISDIR/);
  });
});

describe('in the sandbox of `model-serving local`', () => {
  const sandbox = (value: object) => {
    process.env.MODEL_SERVING_SANDBOX = JSON.stringify(value);
  };

  it('paths are below its root, and ports are its own', () => {
    mkdirSync(join(root, 'pod/etc'), { recursive: true });
    writeFileSync(join(root, 'pod/etc/config.json'), JSON.stringify(good));
    sandbox({ root: join(root, 'pod'), host: '127.0.0.1', ports: { 8080: 40_001, 8081: 40_002, 8082: 40_003 } });
    const config: ServingConfig = loadConfig('/etc/config.json');
    expect(config.models.map(({ path }) => path)).toEqual([
      join(root, 'pod/models/iris/v1/model.onnx'),
      join(root, 'pod/models/iris/v2/model.onnx'),
    ]);
    expect(config.models[1]?.source?.credentialsPath).toBe(join(root, 'pod/etc/model-serving-credentials/s3'));
    expect(config.server).toMatchObject({ httpPort: 40_001, grpcPort: 40_002, metricsPort: 40_003 });
    expect(bindHost()).toBe('127.0.0.1');
    expect(containerPath('/tmp')).toBe(join(root, 'pod/tmp'));
  });

  it('a port that the container does not declare is any free one', () => {
    write(JSON.stringify(good));
    sandbox({ root, host: '127.0.0.1', ports: { 8080: 40_001 } });
    expect(loadConfig('/config.json').server).toMatchObject({ httpPort: 40_001, grpcPort: 0, metricsPort: 0 });
  });

  it.each(['{', '{}', '{"root":"x","host":"127.0.0.1","ports":{}}', '{"root":"/x","host":"localhost","ports":{}}'])(
    'the variable %s is refused',
    (value) => {
      process.env.MODEL_SERVING_SANDBOX = value;
      expect(problemsOf(() => bindHost()).message).toMatch(/MODEL_SERVING_SANDBOX/);
    },
  );
});

describe('the address to listen on', () => {
  it('is every address of the machine, unless the environment names one', () => {
    expect(['::', '0.0.0.0']).toContain(bindHost());
    process.env.MODEL_SERVING_HOST = '127.0.0.2';
    expect(bindHost()).toBe('127.0.0.2');
  });
});
