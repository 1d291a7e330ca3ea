import { describeWith } from '../support/requires';
import { SCHEMA_REGISTRY, startSchemaRegistry } from './schema-registry';

describeWith('a schema registry of tests', SCHEMA_REGISTRY, () => {
  it('keeps schemas, and gives them by their numbers', async () => {
    const { url } = await startSchemaRegistry();
    const schema = JSON.stringify({ type: 'record', name: 'Flower', fields: [{ name: 'petals', type: 'int' }] });
    const registered = await fetch(`${url}/subjects/flowers-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema }),
    });
    const { id } = (await registered.json()) as { id: number };
    const found = (await (await fetch(`${url}/schemas/ids/${id}`)).json()) as { schema: string };
    expect(JSON.parse(found.schema)).toEqual(JSON.parse(schema));
  });
});
