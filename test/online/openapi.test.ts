import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { eventually } from '../support/eventually';
import { fixture, listenTestPredictor, startTestPredictor, type TestPredictor } from '../support/predictor';
import { describeWith } from '../support/requires';

const META_SCHEMA = join(__dirname, '../../node_modules/@seriousme/openapi-schema-validator/schemas/v3.1/schema.json');

// biome-ignore lint/suspicious/noExplicitAny: tests look into the document at any depth
type Document = any;

const MODELS = [
  'mlp',
  'two-inputs',
  'mixed-columns',
  'scalar-input',
  'rank3',
  'fixed-batch',
  'iris-zipmap',
  'iris-zipmap-strings',
  'iris-regressor',
  'identity-bool',
  'identity-fp16',
  'identity-bf16',
  'identity-fp64',
  'identity-int64',
  'identity-uint64',
  'identity-string',
];

let server: TestPredictor;
let document: Document;
let text: string;
let ajv: Ajv2020;

beforeAll(async () => {
  const models = [...MODELS, 'corrupted'].map((name) => fixture(`${name}.onnx`));
  models.push(fixture('mlp.onnx', { version: '2' }));
  server = await startTestPredictor(models, {}, { onLoadFailure: 'report' });
  ({ text, body: document } = await server.get('/openapi.json'));
  ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema({ ...document, $id: 'openapi' });
});

const validate = (schema: { $ref?: string }, value: unknown) => {
  const target = schema.$ref === undefined ? schema : { $ref: `openapi${schema.$ref}` };
  const valid = ajv.validate(rebased(target), value);
  return valid ? [] : ajv.errors;
};

/** References of a part of the document, seen from outside of it. */
function rebased(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components'));
}

const jsonOf = (described: Document) => described.content['application/json'];

function resolved(part: Document): Document {
  return part.$ref === undefined
    ? part
    : part.$ref
        .split('/')
        .slice(1)
        .reduce((at: Document, key: string) => at[key], document);
}

function operations(): { path: string; method: string; operation: Document }[] {
  return Object.entries<Document>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Document>(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

describeWith(
  'the document by the schema of OpenAPI 3.1',
  { what: 'the package @seriousme/openapi-schema-validator', present: existsSync(META_SCHEMA) },
  () => {
    it('is valid', () => {
      const meta = new Ajv2020({ strict: false, validateFormats: false });
      const isValid = meta.compile(JSON.parse(readFileSync(META_SCHEMA, 'utf8')));
      isValid(document);
      expect(isValid.errors).toBeNull();
    });
  },
);

describe('the OpenAPI document', () => {
  it('refers to nothing that is missing, and names operations once', () => {
    const references = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(100);
    for (const [reference, kind, name] of references) {
      expect([reference, document.components[kind][name] !== undefined]).toEqual([reference, true]);
    }
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.keys(document.components.schemas).every((name) => /^[\w.-]+$/.test(name))).toBe(true);
  });

  it('has limits of integers in all their digits', () => {
    expect(text).toContain('"minimum":-9223372036854775808,"maximum":9223372036854775807');
    expect(text).toContain('"maximum":18446744073709551615');
  });

  it.each(MODELS.flatMap((model) => [['v1', model] as const, ['v2', model] as const]))(
    'has an example over %s of %s that its own schema and the server take, and the answer is as described',
    async (protocol, model) => {
      const path = protocol === 'v1' ? `/v1/models/${model}:predict` : `/v2/models/${model}/infer`;
      const { requestBody, responses } = document.paths[path].post;
      if (/-(fp|bf)16$/.test(model) && protocol === 'v2') {
        expect(requestBody.content).toEqual({ 'application/octet-stream': {} });
        return;
      }
      const { schema, examples } = jsonOf(requestBody);
      const { value } = examples['one-row'];
      expect(validate(schema, value)).toEqual([]);
      const answer = await server.post(path, value);
      expect(answer.status).toBe(200);
      expect(validate(jsonOf(responses[200]).schema, answer.body)).toEqual([]);
    },
  );

  it('describes each other answer of a route as it is', async () => {
    for (const { path, method, operation } of operations()) {
      if (method === 'get') {
        const answer = await server.get(path);
        const described = resolved(operation.responses[answer.status]);
        expect([path, validate(jsonOf(described).schema, answer.body)]).toEqual([path, []]);
      }
    }
    const index = await server.post('/v2/repository/index', '');
    expect(validate(jsonOf(document.paths['/v2/repository/index'].post.responses[200]).schema, index.body)).toEqual([]);
  });

  it.each([
    [
      'rows',
      {
        instances: [
          [1, 2, 3, 4],
          ['NaN', 1e38, -1, 0],
        ],
      },
    ],
    ['no rows', { instances: [] }],
    ['objects', { instances: [{ input: [1, 2, 3, 4] }] }],
    ['columns', { inputs: [[1, 2, 3, 4]] }],
    ['columns by name', { inputs: { input: [[1, 2, 3, 4]] } }],
    ['other keys', { instances: [[1, 2, 3, 4]], signature_name: 'x' }],
    ['both forms', { instances: [[1, 2, 3, 4]], inputs: [[1, 2, 3, 4]] }],
    ['neither form', {}],
    ['a list', [[1, 2, 3, 4]]],
    ['a short row', { instances: [[1, 2, 3]] }],
    ['a long row', { instances: [[1, 2, 3, 4, 5]] }],
    ['a bare row', { instances: [1, 2, 3, 4] }],
    ['null', { instances: [[1, 2, 3, null]] }],
    ['a text', { instances: [[1, 2, 3, '4']] }],
    ['too large a number', { instances: [[1, 2, 3, 1e39]] }],
    ['a wrong name', { instances: [{ features: [1, 2, 3, 4] }] }],
    ['one name too many', { instances: [{ input: [1, 2, 3, 4], y: 1 }] }],
  ])('agrees with the server on V1: %s', async (_name, body) => {
    const path = '/v1/models/mlp:predict';
    const described = validate(jsonOf(document.paths[path].post.requestBody).schema, body)?.length === 0;
    const { status } = await server.post(path, body);
    expect(status).toBe(described ? 200 : 400);
  });

  const INPUT = { name: 'input', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] };
  it.each([
    ['flat data', { inputs: [INPUT] }],
    ['nested data', { inputs: [{ ...INPUT, data: [[1, 2, 3, 4]] }] }],
    ['everything', { id: 'a', parameters: { priority: 1, x: 'y' }, inputs: [INPUT], outputs: [{ name: 'output' }] }],
    ['no outputs', { inputs: [INPUT], outputs: [] }],
    ['unknown keys', { inputs: [{ ...INPUT, z: {} }], y: [] }],
    ['no inputs', { inputs: [] }],
    ['an input twice', { inputs: [INPUT, INPUT] }],
    ['another datatype', { inputs: [{ ...INPUT, datatype: 'FP64' }] }],
    ['another width', { inputs: [{ ...INPUT, shape: [1, 3], data: [1, 2, 3] }] }],
    ['a negative size', { inputs: [{ ...INPUT, shape: [-1, 4] }] }],
    ['another rank', { inputs: [{ ...INPUT, shape: [4] }] }],
    ['no shape', { inputs: [{ ...INPUT, shape: undefined }] }],
    ['a number as id', { id: 1, inputs: [INPUT] }],
    ['a list as parameter', { parameters: { x: [] }, inputs: [INPUT] }],
    ['a negative priority', { parameters: { priority: -1 }, inputs: [INPUT] }],
    ['an unknown output', { inputs: [INPUT], outputs: [{ name: 'x' }] }],
    ['binary data without their length', { inputs: [{ ...INPUT, parameters: { binary_data_size: 16 } }] }],
    ['an output twice', { inputs: [INPUT], outputs: [{ name: 'output' }, { name: 'output', x: 1 }] }],
    ['classification', { inputs: [INPUT], outputs: [{ name: 'output', parameters: { classification: 1 } }] }],
  ])('agrees with the server on V2: %s', async (_name, body) => {
    const path = '/v2/models/mlp/infer';
    const sent = JSON.parse(JSON.stringify(body));
    const described = validate(jsonOf(document.paths[path].post.requestBody).schema, sent)?.length === 0;
    const { status } = await server.post(path, sent);
    expect(status).toBe(described ? 200 : 400);
  });

  it('agrees with the server on events', async () => {
    const path = '/v1/models/mlp:predict';
    const { requestBody, responses } = document.paths[path].post;
    const event = { specversion: '1.0', id: '1', source: 'x', type: 'y', data: { instances: [[1, 2, 3, 4]] } };
    const type = 'application/cloudevents+json';
    const { schema } = requestBody.content[type];
    expect(validate(schema, event)).toEqual([]);
    const answer = await server.send('POST', path, JSON.stringify(event), { 'content-type': type });
    expect(answer.status).toBe(200);
    expect(validate(responses[200].content[type].schema, JSON.parse(answer.text))).toEqual([]);
    const wrong = { ...event, specversion: '0.3' };
    expect(validate(schema, wrong)).not.toEqual([]);
    expect((await server.send('POST', path, JSON.stringify(wrong), { 'content-type': type })).status).toBe(400);
  });

  it('lists a model that is not ready without its predictions', () => {
    expect(document.paths).toHaveProperty(['/v2/models/corrupted/ready']);
    expect(document.paths).not.toHaveProperty(['/v2/models/corrupted/infer']);
  });

  it('asks for no credentials where none are configured', () => {
    expect(document.security).toBeUndefined();
    expect(document.components.securitySchemes).toBeUndefined();
  });

  it('changes with the models', async () => {
    const starting = await listenTestPredictor([fixture('rank3.onnx'), fixture('mlp.onnx')]);
    const paths = async () => Object.keys((await starting.get('/openapi.json')).body.paths);
    await starting.predictor.ready;
    await eventually('the model is described', async () => (await paths()).includes('/v2/models/mlp/infer'));
  });
});
