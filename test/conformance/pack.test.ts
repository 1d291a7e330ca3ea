import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import { loadCases, loadSources, PACK, packFile } from '../support/conformance';

const cases = loadCases();
const files = readdirSync(join(PACK, 'cases'));
const { makeModels } = require('../../conformance/make-models') as { makeModels(): Record<string, Buffer> };

describe('the conformance pack', () => {
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true, strictRequired: false }).compile(
    JSON.parse(packFile('case.schema.json').toString()),
  );

  it.each(files)('%s follows its schema, and is named as its group', (file) => {
    const content: unknown = JSON.parse(packFile(`cases/${file}`).toString());

    expect([validate(content), validate.errors]).toEqual([true, null]);
    expect(content).toMatchObject({ group: file.replace(/\.json$/, '') });
  });

  it('has every case once', () => {
    const ids = cases.map(({ id }) => id);

    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(ids.length).toBeGreaterThan(400);
  });

  it('says for every case where its rule comes from', () => {
    const sources = loadSources();

    expect(cases.filter(({ source }) => sources[source.document] === undefined)).toEqual([]);
    const used = new Set(cases.map(({ source }) => source.document));
    expect(Object.keys(sources).filter((document) => !used.has(document))).toEqual([]);
  });

  it('names the models that its cases need, and they are there', () => {
    const models = makeModels();
    const served = new Set(Object.keys(models).map((path) => path.split('/')[1]));

    expect(cases.flatMap(({ models: names = [] }) => names).filter((name) => !served.has(name))).toEqual([]);
    for (const { id, models: names = [], ...rest } of cases) {
      const braces = [...JSON.stringify(rest).matchAll(/\{([a-z][a-z0-9_]*)\}/g)].map(([, name]) => name);
      expect([id, [...new Set(braces)].sort()]).toEqual([id, [...names].sort()]);
    }
  });

  it('ships the models that its script makes, byte for byte', () => {
    for (const [path, bytes] of Object.entries(makeModels())) {
      expect([path, packFile(path).equals(bytes)]).toEqual([path, true]);
    }
  });
});
