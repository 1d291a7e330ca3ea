import { configProblems } from '../../lib/policy/config-schema';
import { configSchema } from '../../runtime/src/config/schema';
import { DECLARATIONS } from '../support/declarations';
import { configOf, type Manifest, only, synthesize } from '../support/manifests';
import { PART_CASES } from './part-cases';

describe.each(Object.entries(DECLARATIONS))('%s', (_name, declare) => {
  const objects = synthesize(declare());
  const config = configOf(objects);

  test('is a configuration that the runtime accepts', () => {
    expect(configSchema.parse(config)).toEqual(config);
  });

  test('and that the validation plugin accepts', () => {
    expect(configProblems(config)).toEqual([]);
  });

  test('is text for people, with its keys in the order of the contract', () => {
    const text: string = only(objects, 'ConfigMap', '-config-').data['config.json'];
    expect(text).toBe(`${JSON.stringify(config, null, 2)}\n`);
    expect(Object.keys(config)).toEqual(['schema', 'models', 'server']);
    expect(Object.keys(config.models[0]).slice(0, 5)).toEqual(['name', 'version', 'format', 'path', 'sha256']);
  });
});

describe.each(Object.entries(PART_CASES))('what holds the rule %s', (_name, { holds }) => {
  test.each(holds.map((declare) => [declare]))('is a configuration that the runtime accepts, %#', (declare) => {
    const config = configOf(synthesize({ ...declare() }));
    expect(configSchema.parse(config)).toEqual(config);
  });
});

describe('what the runtime refuses, the validation plugin refuses', () => {
  const changes: [string, (config: Manifest) => void][] = [
    ['another schema', (config) => (config.schema = 'x')],
    ['no models', (config) => (config.models = [])],
    ['an unknown key', (config) => (config.models[0].extra = 1)],
    ['a bad name', (config) => (config.models[0].name = 'a b')],
    ['a bad digest', (config) => (config.models[0].sha256 = 'a')],
    ['another format', (config) => (config.models[0].format = 'pickle')],
    ['a relative path', (config) => (config.models[0].path = 'model.onnx')],
    ['a fractional budget', (config) => (config.models[0].latencyBudgetMillis = 1.5)],
    ['no warm-up', (config) => delete config.models[0].warmUp],
    ['an unknown source', (config) => (config.models[0].source = { type: 'ftp' })],
    ['a port too large', (config) => (config.server.httpPort = 65_536)],
    ['no drain time', (config) => delete config.server.drainTimeoutMillis],
    ['no server', (config) => delete config.server],
  ];

  test.each(changes)('%s', (_name, change) => {
    const config = configOf(synthesize());
    change(config);
    expect(configSchema.safeParse(config).success).toBe(false);
    expect(configProblems(config)).not.toEqual([]);
  });
});
