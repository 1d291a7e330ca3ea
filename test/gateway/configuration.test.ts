import { join } from 'node:path';
import { PATHS } from '../../lib/contract';
import { makeAuthority, OPENSSL } from '../support/certificates';
import { ENVOY, gatewayFiles, validateConfiguration, writeFiles } from '../support/envoy';
import { GATEWAYS } from '../support/gateways';
import { signingKey } from '../support/jwks';
import type { Manifest } from '../support/manifests';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const certificates = temporaryDirectory();
const cases = Object.entries(GATEWAYS).map(([name, declare]) => ({ name, declare }));

const needs = { what: `${ENVOY.what} and ${OPENSSL.what}`, present: ENVOY.present && OPENSSL.present };

describeWith('Envoy accepts, without a warning', needs, () => {
  const files: Record<string, string> = {};
  beforeAll(async () => {
    const authority = makeAuthority(certificates, 'authority');
    const { certificate, key } = authority.issue('server');
    for (const name of ['tls', 'upstream-tls']) {
      Object.assign(files, { [`${name}/tls.crt`]: certificate, [`${name}/tls.key`]: key });
    }
    for (const name of ['client-ca', 'upstream-ca']) {
      files[`${name}/ca.crt`] = authority.certificate;
    }
    files['jwks/jwks.json'] = JSON.stringify({ keys: [(await signingKey('key')).publicKey] });
  });

  test.each(cases)('$name', ({ name, declare }) => {
    const root = join(directory, name.replace(/\W+/g, '-'));
    writeFiles(join(root, PATHS.credentials), files);
    const problems = validateConfiguration(declare().chart.toJson(), root);
    expect(problems).toBe('');
  });
});

test.each(cases)('$name: routes name clusters of the bootstrap alone, and pointers lead to numbers', ({ declare }) => {
  const files = gatewayFiles(declare().chart.toJson());
  const clusters = JSON.parse(files.proxy['bootstrap.json'] as string).static_resources.clusters;
  const known = new Set(clusters.map(({ name }: Manifest) => name));
  const routes = JSON.parse(files.routes);
  const named: string[] = [...files.routes.matchAll(/"cluster":"([^"]+)"/g)].map(([, name]) => name as string);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
  for (const { name: _, stable: __, candidate: ___, deadMan: ____, ...pointers } of JSON.parse(files.agent).rollouts) {
    const [stable, ...others] = Object.values<string[]>(pointers).map((list) => list.map((each) => at(routes, each)));
    expect(new Set(stable)).toEqual(new Set([10_000]));
    expect(new Set(others.flat())).toEqual(new Set([0]));
  }
});

function at(document: Manifest, pointer: string): Manifest {
  return pointer
    .slice(1)
    .split('/')
    .reduce((inner, key) => inner[key], document);
}
