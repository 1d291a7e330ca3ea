import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const DATA = { instances: [[5.1, 3.5, 1.4, 0.2]] };
const HEADERS = { 'ce-specversion': '1.0', 'ce-id': '7', 'ce-source': '/shop', 'ce-type': 'order' };
const EVENT = { specversion: '1.0', id: '7', source: '/shop', type: 'order' };
const STRUCTURED = 'application/cloudevents+json';
const PATH = '/v1/models/mlp:predict';
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('CloudEvents', () => {
  let server: TestPredictor;
  let predictions: unknown;
  const send = (body: unknown, headers: Record<string, string>) =>
    server.send('POST', PATH, typeof body === 'string' ? body : JSON.stringify(body), headers);

  beforeAll(async () => {
    server = await startTestPredictor([fixture('mlp.onnx'), fixture('identity-int64.onnx')]);
    predictions = (await server.post(PATH, DATA)).body.predictions;
  });

  it('with attributes in headers are answered in the same mode', async () => {
    const headers = { ...HEADERS, 'ce-time': '2026-01-02T03:04:05.6+01:00', 'ce-tenant': 'a' };
    const answer = await send(DATA, { ...headers, 'Content-Type': 'application/json; charset=utf-8' });

    expect([answer.status, answer.body]).toEqual([200, { predictions }]);
    const attribute = (name: string) => answer.headers.get(`ce-${name}`);
    expect(attribute('specversion')).toBe('1.0');
    expect(attribute('type')).toBe('io.kserve.inference.response');
    expect(attribute('source')).toBe('io.kserve.inference.mlp');
    expect(attribute('time')).toMatch(TIMESTAMP);
    expect(attribute('id')).toMatch(/^[\da-f-]{36}$/);
    expect([attribute('tenant'), attribute('subject')]).toEqual([null, null]);
  });

  it.each([STRUCTURED, `${STRUCTURED}; charset=UTF-8`, 'Application/CloudEvents+JSON', 'application/json', ''])(
    'as one object are answered in the same mode: %s',
    async (type) => {
      const event = { ...EVENT, datacontenttype: 'application/json', subject: 'x', tenant: 'a', data: DATA };
      const { status, headers, text } = await send(event, { 'Content-Type': type });

      expect([status, headers.get('content-type')]).toEqual([200, STRUCTURED]);
      expect(JSON.parse(text)).toEqual({
        specversion: '1.0',
        id: expect.stringMatching(/^[\da-f-]{36}$/),
        source: 'io.kserve.inference.mlp',
        type: 'io.kserve.inference.response',
        time: expect.stringMatching(TIMESTAMP),
        datacontenttype: 'application/json',
        data: { predictions },
      });
    },
  );

  it('have identifiers of their own', async () => {
    const ids = await Promise.all([1, 2].map(async () => (await send(DATA, HEADERS)).headers.get('ce-id')));
    expect(new Set(ids).size).toBe(2);
  });

  it('may have their data in base64', async () => {
    const data = Buffer.from(JSON.stringify(DATA)).toString('base64');
    const { status, text } = await send({ ...EVENT, data_base64: data }, { 'Content-Type': STRUCTURED });
    expect([status, JSON.parse(text).data]).toEqual([200, { predictions }]);
  });

  it('keep integers beyond 2^53', async () => {
    const body = '{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"instances":[[9007199254740993,1]]}}';
    const { text } = await server.send('POST', '/v1/models/identity-int64:predict', body, {
      'Content-Type': STRUCTURED,
    });
    expect(text).toContain('"data":{"predictions":[[9007199254740993,1]]}}');
  });

  it('are no events for an identifier alone, nor for V2', async () => {
    const plain = await send(DATA, { 'ce-id': '7' });
    expect([plain.status, plain.headers.get('ce-id')]).toEqual([200, null]);
    const input = { name: 'input', datatype: 'FP32', shape: [1, 4], data: DATA.instances[0] };
    const v2 = await server.send('POST', '/v2/models/mlp/infer', JSON.stringify({ inputs: [input] }), HEADERS);
    expect([v2.status, v2.headers.get('ce-id')]).toEqual([200, null]);
  });

  it.each(['specversion', 'id', 'source', 'type'])('are refused without %s', async (name) => {
    const { [`ce-${name}`]: _header, ...headers } = HEADERS as Record<string, string>;
    const binary = await send(DATA, headers);
    expect([binary.status, binary.body.error]).toEqual([400, expect.stringContaining(`ce-${name}`)]);

    for (const value of [undefined, '', 7, null]) {
      const structured = await send({ ...EVENT, [name]: value, data: DATA }, { 'Content-Type': STRUCTURED });
      expect([structured.status, structured.body.error]).toEqual([400, expect.stringContaining(`attribute ${name}`)]);
    }
  });

  it.each([
    ['another version', { specversion: '0.3', data: DATA }, /specversion is '0\.3'; version 1\.0/],
    ['a time that is none', { time: 'yesterday', data: DATA }, /time must be a timestamp of RFC 3339/],
    ['other data', { datacontenttype: 'text/xml', data: '<a/>' }, /datacontenttype must be application\/json/],
    ['no data', {}, /data must be a JSON object.*found nothing/],
    ['a text as data', { data: '{"instances":[]}' }, /found a string/],
    ['base64 that is none', { data_base64: '%%%' }, /data_base64 must be a text in base64/],
    ['data twice', { data: DATA, data_base64: '' }, /both/],
    ['data that is not JSON', { data_base64: Buffer.from('{"inst').toString('base64') }, /not valid JSON/],
    ['data that does not fit', { data: { instances: [[1]] } }, /must be a list of 4 elements/],
  ])('are refused with %s', async (_what, changes, error) => {
    const { status, body } = await send({ ...EVENT, ...changes }, { 'Content-Type': STRUCTURED });
    expect([status, body.error]).toEqual([400, expect.stringMatching(error)]);
  });

  it('are refused when their body is no JSON', async () => {
    expect((await send('{"specversion"', { 'Content-Type': STRUCTURED })).status).toBe(400);
    expect((await send('{"instances"', HEADERS)).status).toBe(400);
    expect((await send('[]', { 'Content-Type': STRUCTURED })).status).toBe(400);
  });

  it.each(['application/cloudevents-batch+json', 'application/cloudevents+avro', 'application/cloudevents'])(
    'are refused with 415 as %s',
    async (type) => {
      const { status, headers, body } = await send([{ ...EVENT, data: DATA }], { 'Content-Type': type });
      expect([status, headers.get('accept')]).toEqual([415, `application/json, ${STRUCTURED}`]);
      expect(body.error).toContain(type);
    },
  );
});
