import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StreamError } from '../../../runtime/src/streaming/event';
import { RegistryRequests } from '../../../runtime/src/streaming/format/registry/registry-requests';
import { createLogger } from '../../../runtime/src/telemetry';
import { SCHEMA_REGISTRY, type SchemaRegistry, startSchemaRegistry } from '../../services/schema-registry';
import { mountSecret } from '../../support/mounted-secret';
import { describeWith } from '../../support/requires';
import { startScriptedServer } from '../scripted-server';
import { decode, elements, encode, open, reasons, scores, signatureOf, tensor, texts } from './formats';

const MODEL = signatureOf([['FP32', [-1, 2]]]);
const POINTERS = [{ input: 'x0', pointers: ['/amount', '/in/age'] }];
const logger = createLogger({ level: 'silent' });

/** A value in the wire format: a byte 0, the number of the schema, the rest in hexadecimal digits. */
const wired = (id: number, hex: string) => Buffer.from(`00${id.toString(16).padStart(8, '0')}${hex}`, 'hex');

describeWith('a schema registry', SCHEMA_REGISTRY, () => {
  let registry: SchemaRegistry;

  beforeAll(async () => {
    registry = await startSchemaRegistry();
  }, 60_000);

  /** Registers a schema. @returns its number */
  async function register(subject: string, schema: unknown, more: object = {}): Promise<number> {
    const response = await fetch(`${registry.url}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: typeof schema === 'string' ? schema : JSON.stringify(schema), ...more }),
    });
    expect({ status: response.status, text: await response.clone().text() }).toMatchObject({ status: 200 });
    return ((await response.json()) as { id: number }).id;
  }

  const record = (name: string, ...fields: unknown[]) => ({ type: 'record', name, fields });
  const within = (...fields: unknown[]) => ({ name: 'in', type: record('In', ...fields) });

  it('has the schemas of Avro events, old and new: renamed fields and defaults are found', async () => {
    const age = { name: 'age', type: 'int' };
    const first = await register('logs-value', record('Log', { name: 'sum', type: 'double' }, within()));
    const format = await open(
      MODEL,
      { format: 'avro', schemaRegistry: { url: registry.url }, inputs: POINTERS },
      { passThrough: [{ name: 'id', pointer: '/id' }], keyPointer: '/id' },
    );
    const double = '000000000000f83f'; // 1.5
    expect(reasons(await decode(format, wired(first, double)))[0]).toContain("mapping: Field '/amount' is absent");
    // The newest schema gives the events before it their new names, from the first event on that was written with it.
    const second = await register(
      'logs-value',
      record('Log', { name: 'amount', type: 'double', aliases: ['sum'] }, within({ ...age, default: 30 }), {
        name: 'id',
        type: ['null', 'long'],
        default: null,
      }),
    );
    const batch = await decode(
      format,
      wired(second, `${double}0e0204`),
      wired(first, double),
      wired(9999, '00'),
      wired(second, double),
      wired(second, `${double}0e02feffffffffffffffff01`),
      Buffer.from('{}'),
    );
    expect(elements(batch)).toEqual([[1.5, 7, 1.5, 30, 1.5, 7]]);
    expect(reasons(batch)).toEqual([
      'schema: The registry does not know the schema 9999 of the value.',
      `decode: The value is not of its schema ${second}: more bytes are needed than the 8 there are.`,
      'decode: The value begins with the bytes 7b7d; a byte 0 and the number of its schema in 4 bytes are needed.',
    ]);
    const produced = await encode(format, batch, scores(3));
    expect(texts(produced)).toEqual(['{"id":2,"y0":0.5}', '{"id":9223372036854775807,"y0":2.5}']);
    expect(produced.outputs[1].key?.toString()).toBe('9223372036854775807');
    expect(produced.failures.map(({ index }) => index)).toEqual([1]);
  });

  it('has the schema that predictions are written with, and they are read again', async () => {
    const id = await register('scores-value', {
      ...record(
        'Score',
        { name: 'score', type: ['null', 'float'] },
        { name: 'top', type: { type: 'array', items: 'string' } },
      ),
      namespace: 'com.example',
    });
    const outputs = signatureOf([['FP32', [-1, 2]]], [['FP32', [-1, 3]]]);
    const predictions = [
      { name: 'score', output: 'y0', kind: 'element', element: 1 },
      { name: 'top', output: 'y0', kind: 'top-k', k: 1, classes: ['a', 'b', 'c'] },
    ];
    const config = { format: 'avro', schemaRegistry: { url: registry.url }, predictions };
    const writer = await open(outputs, { inputs: POINTERS }, config, { topic: 'scores' });
    const rows = await decode(writer, { amount: 1, in: { age: 2 } });
    const produced = await encode(writer, rows, [tensor('FP32', [1, 3], Float32Array.from([1, 2.5, 0]))]);
    expect(produced.outputs[0].value.toString('hex')).toBe(`00${id.toString(16).padStart(8, '0')}020000204002026200`);
    const reader = await open(
      signatureOf([
        ['FP64', [-1]],
        ['BYTES', [-1, 1]],
      ]),
      {
        format: 'avro',
        schemaRegistry: { url: registry.url },
        inputs: [
          { input: 'x0', pointers: ['/score'] },
          { input: 'x1', pointers: ['/top'] },
        ],
      },
    );
    expect(elements(await decode(reader, produced.outputs[0].value))).toEqual([[2.5], ['b']]);
    const wrong = (change: object, topic = 'scores') =>
      open(outputs, { inputs: POINTERS }, { ...config, ...change }, { topic });
    await expect(wrong({}, 'other')).rejects.toThrow("no schema for the subject 'other-value'");
    await expect(wrong({ predictions: predictions.slice(0, 1) })).rejects.toThrow("its field 'top' has no default");
    await expect(wrong({ format: 'protobuf' })).rejects.toThrow('it is AVRO, but output.format is protobuf');
    await expect(wrong({}, '')).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringContaining('output.subject'),
    });
  });

  it('has the schemas of protocol buffers, with those that they import', async () => {
    await register('in', 'syntax = "proto3"; package p; message In { int32 age = 1; }', { schemaType: 'PROTOBUF' });
    const text = 'syntax = "proto3"; package p; import "in.proto"; message Log { In in = 1; double amount = 2; }';
    const id = await register('proto-value', text, {
      schemaType: 'PROTOBUF',
      references: [{ name: 'in.proto', subject: 'in', version: 1 }],
    });
    const format = await open(MODEL, { format: 'protobuf', schemaRegistry: { url: registry.url }, inputs: POINTERS });
    const batch = await decode(format, wired(id, '000a02080711000000000000f83f'), wired(id, '00'), wired(id, '000a05'));
    expect(elements(batch)).toEqual([[1.5, 7]]);
    expect(batch.failures.map(({ errorClass }) => errorClass)).toEqual(['mapping', 'decode']);
    const wrong = await open(MODEL, { format: 'avro', schemaRegistry: { url: registry.url }, inputs: POINTERS });
    expect(reasons(await decode(wrong, wired(id, '00')))).toEqual([
      `schema: The schema ${id} of the value is PROTOBUF; AVRO is declared (input.format).`,
    ]);
  });
});

describe('a schema registry that is away', () => {
  const schema = { schema: JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'v', type: 'float' }] }) };
  const unknown = [404, { error_code: 40403, message: 'Schema not found' }] as const;

  it('is waited for: no event is refused, and every schema is asked for once', async () => {
    const faults = [[503], 'cut', [429], [200, 'no JSON']] as const;
    const server = await startScriptedServer(({ path }, count) =>
      count <= faults.length ? faults[count - 1] : path === '/base/schemas/ids/7' ? [200, schema] : unknown,
    );
    const retried: unknown[] = [];
    const format = await open(
      signatureOf([['FP32', [-1]]]),
      { format: 'avro', schemaRegistry: { url: `${server.url}/base/` }, inputs: [{ input: 'x0', pointers: ['/v'] }] },
      {},
      { onRetry: (error) => retried.push(error) },
    );
    expect(elements(await decode(format, wired(7, '0000c03f'), wired(7, '00000040')))).toEqual([[1.5, 2]]);
    expect(retried.map(String)).toEqual([
      expect.stringContaining('503'),
      expect.stringContaining('hang up'),
      expect.stringContaining('429'),
      expect.stringContaining('200: no JSON'),
    ]);
    const before = server.asked.length;
    expect(format.decoder.decode([])).not.toBeInstanceOf(Promise);
    expect(elements(await decode(format, wired(7, '0000c03f')))).toEqual([[1.5]]);
    // One that is not known is asked for once in a while, not for each event.
    expect(reasons(await decode(format, wired(8, '')))).toEqual([
      'schema: The registry does not know the schema 8 of the value.',
    ]);
    await decode(format, wired(8, ''));
    expect(server.asked.slice(before).map(({ path }) => path)).toEqual(['/base/schemas/ids/8']);
  });

  it('makes dead letters of events whose schema cannot be read, or refers to what is not there', async () => {
    const server = await startScriptedServer(({ path }) =>
      path === '/schemas/ids/1'
        ? [200, { schema: '{"type":"nope"}' }]
        : path === '/schemas/ids/2'
          ? [200, { ...schema, references: [{ name: 'R', subject: 'r', version: 3 }] }]
          : unknown,
    );
    const format = await open(signatureOf([['FP32', [-1]]]), {
      format: 'avro',
      schemaRegistry: { url: server.url },
      inputs: [{ input: 'x0', pointers: ['/v'] }],
    });
    expect(reasons(await decode(format, wired(1, '00'), wired(2, '00')))).toEqual([
      expect.stringMatching(/^schema: The schema 1 of the value cannot be read: .*nope/),
      'schema: The registry does not know the schema 2 of the value.',
    ]);
    expect(server.asked.map(({ path }) => path)).toContain('/subjects/r/versions/3');
  });

  it('gets the login of the files, anew for each request, and ends the process when it refuses for long', async () => {
    const secret = mountSecret(join(mkdtempSync(join(tmpdir(), 'registry-')), 'login'), {
      username: 'me',
      password: 'old\n',
    });
    const server = await startScriptedServer(({ headers }) =>
      headers.authorization === `Basic ${Buffer.from('me:new').toString('base64')}`
        ? [200, { fine: 1 }]
        : [401, { error_code: 40101 }],
    );
    const closing = new AbortController();
    const requests = (patienceMillis: number, onRetry?: () => void) =>
      new RegistryRequests({
        config: { url: server.url, credentialsPath: secret.path },
        logger,
        signal: closing.signal,
        onRetry,
        patienceMillis,
      });
    await expect(requests(0).get('/subjects')).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringContaining('it answered 401'),
    } satisfies Partial<Record<keyof StreamError, unknown>>);
    const changing = requests(60_000, () => secret.write({ username: 'me', password: 'new' }));
    expect(await changing.get('/subjects')).toEqual({ fine: 1 });
    const page = await startScriptedServer(() => [404, '<html>']);
    const wrong = new RegistryRequests({
      config: { url: page.url },
      logger,
      signal: closing.signal,
      patienceMillis: 0,
    });
    await expect(wrong.get('/subjects')).rejects.toMatchObject({ exitCode: 43 });
    const waiting = new RegistryRequests({ config: { url: 'http://127.0.0.1:1' }, logger, signal: closing.signal }).get(
      '/subjects',
    );
    closing.abort();
    await expect(waiting).rejects.toThrow();
    await expect(open(MODEL, { format: 'avro', inputs: POINTERS })).rejects.toThrow('input.schemaRegistry is missing');
    await expect(
      open(MODEL, { format: 'avro', schemaRegistry: { url: 'registry:80' }, inputs: POINTERS }),
    ).rejects.toThrow('http://');
  });
});
