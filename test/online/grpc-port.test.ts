import { spawnSync } from 'node:child_process';
import { constants } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { eventually } from '../support/eventually';
import { GrpcClient, type GrpcInput, INFERENCE_PROTO } from '../support/grpc-client';
import { RawGrpc } from '../support/grpc-raw';
import { fixture, listenTestPredictor, startTestPredictor, type TestPredictor } from '../support/predictor';

const ROW: GrpcInput = { name: 'input', datatype: 'FP32', shape: [1, 4], contents: { fp32_contents: [5, 3, 1, 0] } };
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** What comes back on a connection until the server ends it. */
function talk(port: number, ...pieces: (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve) => {
    const connection = connect(port, '127.0.0.1');
    let text = '';
    connection.on('data', (piece) => {
      text += piece.toString('latin1');
    });
    connection.on('error', () => undefined);
    connection.on('close', () => resolve(text));
    for (const piece of pieces) {
      connection.write(piece);
    }
  });
}

describe('the gRPC port', () => {
  let server: TestPredictor;
  let client: GrpcClient;
  let port: number;

  beforeAll(async () => {
    server = await startTestPredictor(
      [fixture('mlp.onnx')],
      {},
      { limits: { headersMillis: 300, receivingBytes: 2_000_000 } },
    );
    port = server.predictor.addresses.grpc.port;
    client = new GrpcClient(`127.0.0.1:${port}`);
  });
  afterAll(() => client.close());
  afterEach(async () => expect((await client.infer('mlp', [ROW])).code).toBe('OK'));

  it('tells a client of HTTP/1.1 where REST is', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/health/ready`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(/"error":".*gRPC.*REST/);
  });

  it.each([
    ['garbage', [Buffer.from(Array.from({ length: 500 }, (_, index) => (index * 37) % 256))]],
    ['the handshake of TLS', [Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])]],
    ['nothing', []],
    ['half a preface', [PREFACE.slice(0, 10)]],
    ['a preface and garbage', [PREFACE, Buffer.alloc(2000, 0xff)]],
    ['a preface and a frame that is too large', [PREFACE, Buffer.from([0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 0])]],
    ['HTTP/1.1 with a preface like PRI', ['PRI * HTTP/1.1\r\n\r\n']],
  ])('is not harmed by %s', async (_, pieces) => {
    await talk(port, ...pieces);
  });

  it('is not harmed by connections that end in the middle of a call', async () => {
    for (let index = 0; index < 20; index += 1) {
      const raw = new RawGrpc(port);
      void raw.open();
      await raw.send('ServerLive', new Uint8Array());
      raw.reset();
    }
    await eventually('no call in flight', async () => /requests_in_flight 0/.test(await server.metrics()));
  });

  it('bounds the memory of messages that are being received', async () => {
    const raw = new RawGrpc(port);
    const half = Buffer.alloc(900_000);
    half.writeUInt32BE(1_000_000, 1);
    const ended = await Promise.race(Array.from({ length: 3 }, () => raw.open(undefined, half)));
    // Clients of gRPC take it for RESOURCE_EXHAUSTED.
    expect(ended).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    raw.reset();
  });

  it('describes itself to tools, in both versions of the reflection service', async () => {
    for (const version of ['v1', 'v1alpha']) {
      const [services, file] = await reflect(port, version, [
        { list_services: '*' },
        { file_containing_symbol: 'inference.GRPCInferenceService' },
      ]);
      const names = services.list_services_response.service.map(({ name }: { name: string }) => name);
      expect(names).toEqual(expect.arrayContaining(['inference.GRPCInferenceService', 'grpc.health.v1.Health']));
      const descriptor: Buffer = file.file_descriptor_response.file_descriptor_proto[0];
      // A tool refuses a map whose entry has another name.
      expect(descriptor.toString('latin1')).toContain('ParametersEntry');
      expect(messagesOf(descriptor)).toEqual(messagesIn(loadSync(INFERENCE_PROTO, { keepCase: true })));
    }
  });

  it('follows the models in its health', async () => {
    const loading = await listenTestPredictor([fixture('slow.onnx'), fixture('mlp.onnx')]);
    const watcher = new GrpcClient(`127.0.0.1:${loading.predictor.addresses.grpc.port}`);
    const seen: Record<string, string[]> = {};
    for (const service of ['', 'mlp', 'inference.GRPCInferenceService', 'other']) {
      const watch = watcher.watch(service);
      watch.on('data', ({ status }) => {
        seen[service] = [...(seen[service] ?? []), status];
      });
      watch.on('error', () => undefined);
    }
    await loading.predictor.ready;
    for (const service of ['', 'mlp', 'inference.GRPCInferenceService']) {
      await eventually(`health of ${service}`, () => seen[service]?.at(-1) === 'SERVING');
      expect((await watcher.call('Check', { service })).message).toEqual({ status: 'SERVING' });
    }
    expect(seen.other).toEqual(['SERVICE_UNKNOWN']);
    watcher.close();
  });

  it('replaces a connection after its number of calls', async () => {
    const few = await startTestPredictor([fixture('mlp.onnx')], {}, { limits: { requestsPerConnection: 5 } });
    const raw = new RawGrpc(few.predictor.addresses.grpc.port);
    for (let call = 0; call < 5; call += 1) {
      expect(await raw.send('ServerLive', new Uint8Array())).toMatchObject({ 'grpc-status': '0' });
    }
    expect(await raw.goaway).toBeGreaterThan(0);
    const patient = new GrpcClient(`127.0.0.1:${few.predictor.addresses.grpc.port}`);
    for (let call = 0; call < 30; call += 1) {
      expect((await patient.infer('mlp', [ROW])).code).toBe('OK');
    }
    patient.close();
  });

  it('loads nothing of gRPC before a client speaks it', () => {
    const main = join(__dirname, '../../runtime/src/online/index.ts');
    const program = `require('tsx/cjs'); require(${JSON.stringify(main)});
      process.stdout.write(JSON.stringify(Object.keys(require.cache).filter((file) => /@grpc|protobufjs/.test(file))));`;
    expect(spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' }).stdout).toBe('[]');
  });
});

/** Asks the reflection service, and ends. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at messages of any form
function reflect(port: number, version: string, questions: object[]): Promise<any[]> {
  const proto = require.resolve(`@grpc/reflection/build/proto/grpc/reflection/${version}/reflection.proto`);
  const service = loadSync(proto, { keepCase: true, longs: String })[`grpc.reflection.${version}.ServerReflection`];
  const { path, requestSerialize, responseDeserialize } = Object.values(service)[0];
  const tool = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    const answers: unknown[] = [];
    const call = tool.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.on('data', (answer) => answers.push(answer));
    call.on('error', reject);
    call.on('end', () => {
      tool.close();
      resolve(answers);
    });
    for (const question of questions) {
      call.write(question);
    }
    call.end();
  });
}

/** The fields of each message in a description that the reflection service gave. */
function messagesOf(descriptor: Buffer): Record<string, unknown> {
  const length = [(descriptor.length & 0x7f) | 0x80, descriptor.length >> 7];
  expect(length[1]).toBeLessThan(0x80);
  return messagesIn(loadFileDescriptorSetFromBuffer(Buffer.concat([Buffer.from([0x0a, ...length]), descriptor])));
}

function messagesIn(definition: PackageDefinition): Record<string, unknown> {
  const messages = Object.entries(definition).flatMap(([name, { format, type }]) =>
    format === 'Protocol Buffer 3 DescriptorProto' ? [[name, fieldsOf(type)]] : [],
  );
  return Object.fromEntries(messages);
}

// biome-ignore lint/suspicious/noExplicitAny: a description has no type of its own
function fieldsOf({ name: message, field, nestedType }: any): unknown[] {
  const fields = field.map(({ name, number, type, label, typeName }: Record<string, string>) => [
    `${message}.${name}`,
    number,
    type,
    label,
    entryName(typeName.split('.').at(-1)),
  ]);
  // Entries of maps are alike, but for their names.
  const nested = nestedType.filter(({ name }: { name: string }) => !/^(Parameters|Properties)(Entry)?$/.test(name));
  return [...fields, ...nested.flatMap(fieldsOf)];
}

/** The loader names the entry of a map after its field. */
function entryName(type: string | undefined): string | undefined {
  return type === 'Parameters' || type === 'Properties' ? `${type}Entry` : type;
}
