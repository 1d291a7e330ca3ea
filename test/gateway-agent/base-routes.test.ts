import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GATEWAY_AGENT_SCHEMA, type GatewayAgentConfig } from '../../lib/contract';
import { loadGatewayAgentConfig } from '../../runtime/src/config';
import { BaseRoutes } from '../../runtime/src/gateway/base-routes';
import { seedRoutes } from '../../runtime/src/gateway/routes-file';
import type { Shares } from '../../runtime/src/gateway/shares';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const ROUTES = { version_info: 'base', resources: [{ 'a/b': { 'c~d': [10_000, 0] }, mirror: 0, compare: 0, pin: 0 }] };

function config(
  changes: Partial<GatewayAgentConfig['rollouts'][0]> = {},
  routes: unknown = ROUTES,
): GatewayAgentConfig {
  const baseRoutesPath = join(directory, 'base.json');
  writeFileSync(baseRoutesPath, typeof routes === 'string' ? routes : JSON.stringify(routes));
  return {
    schema: GATEWAY_AGENT_SCHEMA,
    gateway: 'models',
    baseRoutesPath,
    routesPath: join(directory, 'routes.json'),
    adminPort: 9901,
    port: 8083,
    rollouts: [
      {
        name: 'iris',
        stable: '1',
        candidate: '2',
        stableWeights: ['/resources/0/a~1b/c~0d/0'],
        candidateWeights: ['/resources/0/a~1b/c~0d/1'],
        mirrors: ['/resources/0/mirror'],
        comparisons: ['/resources/0/compare'],
        pins: ['/resources/0/pin'],
        deadMan: { afterMillis: 1000, action: 'revert' },
        ...changes,
      },
    ],
  };
}

const shares = (each: Partial<Shares> = {}) =>
  new Map<string, Shares>([
    [
      'iris',
      { revision: 7, candidateWeight: 2500, mirror: 11, comparison: 22, pinned: true, source: 'split', ...each },
    ],
  ]);

it('numbers go where the pointers lead, and nothing else changes', () => {
  const { text, version } = BaseRoutes.open(config()).render(shares());
  expect(JSON.parse(text)).toEqual({
    version_info: version,
    resources: [{ 'a/b': { 'c~d': [7500, 2500] }, mirror: 11, compare: 22, pin: 10_000 }],
  });
});

it('a version is one of the content, and tells the shares', () => {
  const base = BaseRoutes.open(config());
  const versions = [
    shares(),
    shares({ revision: 8 }),
    shares({ candidateWeight: 1 }),
    shares({ mirror: 1 }),
    shares({ comparison: 1 }),
    shares({ pinned: false }),
    shares({ source: 'abort' }),
    base.shares,
  ].map((each) => base.versionOf(each));
  expect(new Set(versions).size).toBe(versions.length);
  expect(versions.map((version) => base.sharesIn(version))).toEqual([
    shares(),
    shares({ revision: 8 }),
    shares({ candidateWeight: 1 }),
    shares({ mirror: 1 }),
    shares({ comparison: 1 }),
    shares({ pinned: false }),
    shares({ source: 'abort' }),
    base.shares,
  ]);
  const other = BaseRoutes.open(config({}, { ...ROUTES, more: true }));
  expect(other.sharesIn(base.versionOf(shares()))).toBeUndefined();
  expect(base.sharesIn('7')).toBeUndefined();
});

it('a file that is there is kept when it is whole and of this manifest, else replaced', () => {
  const { routesPath } = config();
  const base = BaseRoutes.open(config());
  const { text } = base.render(shares());
  const contents = () => readFileSync(routesPath, 'utf8');
  writeFileSync(routesPath, text);
  expect(seedRoutes(base, routesPath)).toEqual(shares());
  expect(contents()).toBe(text);
  for (const bad of ['', text.slice(0, -1), text.replace('7500', '7501'), JSON.stringify(ROUTES)]) {
    writeFileSync(routesPath, bad);
    expect(seedRoutes(base, routesPath)).toEqual(base.shares);
    expect(contents()).toBe(base.render(base.shares).text);
  }
});

describe('what cannot be used', () => {
  it('pointers that lead to no number, or to the same one: all are told', () => {
    const changes = {
      stableWeights: ['/resources/0', '/none'],
      mirrors: ['/version_info'],
      pins: ['/resources/0/compare'],
    };
    expect(() => BaseRoutes.open(config(changes))).toThrow(
      expect.objectContaining({
        exitCode: 43,
        problems: [
          ...['stableWeights[0]', 'stableWeights[1]', 'mirrors[0]'].map((place) =>
            expect.objectContaining({ path: `rollouts[0].${place}`, rule: 'leads to a number of the routes' }),
          ),
          expect.objectContaining({
            path: 'rollouts[0].pins[0]',
            value: '"/resources/0/compare"',
            rule: 'leads to a number of its own',
          }),
        ],
      }),
    );
  });

  it('routes that are not JSON, or not there', () => {
    expect(() => BaseRoutes.open(config({}, '{'))).toThrow(/is JSON/);
    expect(() => BaseRoutes.open({ ...config(), baseRoutesPath: '/none.json' })).toThrow(/can be read/);
  });

  it('a configuration with wrong values: all are told', () => {
    const path = join(directory, 'config.json');
    const good = config();
    writeFileSync(path, JSON.stringify(good));
    expect(loadGatewayAgentConfig(path)).toEqual(good);
    const [rollout] = good.rollouts;
    const bad = {
      ...good,
      schema: 'other',
      port: 0,
      routesPath: 'routes.json',
      more: 1,
      rollouts: [{ ...rollout, mirrors: ['mirror'], deadMan: { afterMillis: 0, action: 'panic' } }],
    };
    writeFileSync(path, JSON.stringify(bad));
    expect(() => loadGatewayAgentConfig(path)).toThrow(
      expect.objectContaining({
        exitCode: 43,
        problems: expect.arrayContaining(
          [
            'schema',
            'port',
            'routesPath',
            'more',
            'rollouts[0].mirrors[0]',
            'rollouts[0].deadMan.afterMillis',
            'rollouts[0].deadMan.action',
          ].map((place) => expect.objectContaining({ path: place })),
        ),
      }),
    );
    writeFileSync(path, JSON.stringify({ ...good, rollouts: [rollout, rollout] }));
    expect(() => loadGatewayAgentConfig(path)).toThrow(/rollouts\[1\].*is unique/);
  });
});
