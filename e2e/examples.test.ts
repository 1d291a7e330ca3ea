import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { manifestsOf, synthesize } from '../test/support/example';
import { forCluster, inNamespace, type Manifest } from './support/manifests';
import { Namespace } from './support/namespace';

const EXAMPLES = readdirSync(join(__dirname, '../examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

let namespace: Namespace;

beforeAll(async () => {
  namespace = await Namespace.create('examples');
});

afterAll(() => namespace.delete());

test.each(EXAMPLES)('the API server takes all objects of %s, and warns of nothing', async (example) => {
  const output = synthesize(example);
  let objects: Manifest[];
  try {
    objects = inNamespace(manifestsOf(output), 'ml-serving', namespace.name);
  } finally {
    rmSync(output, { recursive: true, force: true });
  }

  // As they are, and as the other tests run them.
  for (const variant of [objects, forCluster(objects)]) {
    const answer = await namespace.apply(variant, '--dry-run=server');
    expect(answer.trim().split('\n')).toHaveLength(objects.length);
  }
});
