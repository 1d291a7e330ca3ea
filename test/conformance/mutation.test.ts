import { request as send } from 'node:http';
import { mutateBinary } from '../support/binary-mutation';
import {
  type BuiltRequest,
  buildMessage,
  buildRequest,
  type ConformanceRequest,
  GrpcTarget,
  loadCases,
  modelNames,
  packModels,
} from '../support/conformance';
import { mutate, seededRandom } from '../support/mutation';
import { startTestPredictor, type TestPredictor } from '../support/predictor';

const SEED = 20_261_122;
const HTTP_REQUESTS = 4000;
const GRPC_CALLS = 3000;
const AT_ONCE = 32;
const LIMIT_MILLIS = 120_000;

/** Not the large ones, and not those of the slow model, which may be refused for other reasons. */
const MAX_BYTES = 4096;
const MODELS = packModels().filter(({ name }) => name !== 'slow');

const cases = loadCases().filter(({ needs, models = [] }) => needs === undefined && !models.includes('slow'));
const names = modelNames(loadCases());
const requests = cases
  .flatMap(({ request, steps = [] }) => [request, ...steps.map((step) => step.request)])
  .filter((request): request is ConformanceRequest => request !== undefined);

describe('the requests of the conformance pack, mutated', () => {
  let server: TestPredictor;

  beforeAll(async () => {
    server = await startTestPredictor(MODELS);
  });

  afterEach(async () => {
    const answer = await server.post('/v1/models/iris:predict', { instances: [[5.1, 3.5, 1.4, 0.2]] });
    expect([answer.status, answer.body.predictions[0].label]).toEqual([200, 0]);
    expect(await server.metrics()).toContain('model_serving_requests_in_flight 0');
  });

  it(
    `leave REST answering: ${HTTP_REQUESTS} of them, none with 5xx`,
    async () => {
      const random = seededRandom(SEED);
      const originals = requests
        .filter(({ rpc }) => rpc === undefined)
        .map((request) => buildRequest(request, names))
        .filter(({ body, headers }) => body !== undefined && body.length < MAX_BYTES && fits(headers));
      const answers = await inTurns(HTTP_REQUESTS, () => {
        const original = originals[Math.floor(random() * originals.length)];
        const mutation = random() < 0.5 ? mutate : mutateBinary;
        const body = mutation(original.body ?? Buffer.alloc(0), random);
        return () => post(server.port, { ...original, body });
      });
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
      expect(answers.filter(({ status, text }) => status >= 400 && !/^\{"error":".+"\}$/s.test(text))).toEqual([]);
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(HTTP_REQUESTS / 50);
    },
    LIMIT_MILLIS,
  );

  it(
    `leave gRPC answering: ${GRPC_CALLS} of them, none with INTERNAL or UNKNOWN`,
    async () => {
      const random = seededRandom(SEED);
      const client = new GrpcTarget(`127.0.0.1:${server.predictor.addresses.grpc.port}`);
      const originals = requests
        .filter(({ rpc }) => rpc === 'ModelInfer')
        .map(({ message = {} }) => buildMessage(message, names))
        .filter((message) => !Buffer.isBuffer(message))
        .map((message) => client.encode('ModelInfer', message));
      const answers = await inTurns(GRPC_CALLS, () => {
        const message = mutateBinary(originals[Math.floor(random() * originals.length)], random);
        return async () => {
          const answer = await client.call({ rpc: 'ModelInfer', message, timeoutMillis: LIMIT_MILLIS });
          return { ...answer, message: message.toString('hex') };
        };
      });
      client.close();
      const known = ['OK', 'INVALID_ARGUMENT', 'NOT_FOUND', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED'];
      expect(answers.filter(({ code }) => !known.includes(code))).toEqual([]);
      expect(answers.filter(({ code }) => code === 'OK').length).toBeGreaterThan(GRPC_CALLS / 50);
    },
    LIMIT_MILLIS,
  );
});

/** Sends so many requests, some of them at once. */
async function inTurns<T>(count: number, next: () => () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  while (answers.length < count) {
    answers.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => next()()))));
  }
  return answers;
}

/** Headers that do not speak of the length of the body. */
function fits(headers: BuiltRequest['headers']): boolean {
  return headers['transfer-encoding'] === undefined && headers['x-long'] === undefined;
}

function post(port: number, { method, path, headers, body = Buffer.alloc(0) }: BuiltRequest) {
  return new Promise<{ status: number; text: string; sent: string }>((resolve, reject) => {
    const request = send({ port, method, path, headers: { ...headers, 'content-length': String(body.length) } });
    request.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(pieces).toString(),
          sent: `${method} ${path} ${JSON.stringify(headers)} ${body.toString('hex')}`,
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}
