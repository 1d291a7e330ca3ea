import type { EventHeader } from '../../../runtime/src/streaming/event';
import { mutate, seededRandom } from '../../support/mutation';
import { decode, elements, encode, event, headersOf, open, reasons, scores, signatureOf, texts } from './formats';

const MODEL = signatureOf([['FP32', [-1, 2]]]);
const INPUT = { format: 'cloudevents', inputs: [{ input: 'x0', pointers: ['/a', '/b'] }] };
const OUTPUT = { passThrough: [{ name: 'id', pointer: '/id' }] };
const ATTRIBUTES = { specversion: '1.0', id: '7', source: '/s', type: 't' };
const DATA = { a: 1, b: 2, id: 'é' };

const headers = (list: Record<string, string>): EventHeader[] =>
  Object.entries(list).map(([name, value]) => [name, Buffer.from(value)]);
const binary = (prefix: string, more: Record<string, string> = {}) =>
  headers({
    ...Object.fromEntries(Object.entries(ATTRIBUTES).map(([name, value]) => [`${prefix}${name}`, value])),
    ...more,
  });

describe('CloudEvents as rows', () => {
  it('are read in the structured and the binary mode, side by side', async () => {
    const format = await open(MODEL, INPUT, OUTPUT);
    const batch = await format.decoder.decode([
      event({ ...ATTRIBUTES, data: DATA }),
      event(
        {
          data: { ...DATA, a: 3 },
          datacontenttype: 'application/json; charset=utf-8',
          time: '2026-01-01T00:00:00Z',
          ...ATTRIBUTES,
        },
        { headers: headers({ 'content-type': 'application/cloudevents+json; charset=UTF-8' }) },
      ),
      event({ ...DATA, a: 5 }, { headers: binary('ce_', { 'content-type': 'application/json' }) }),
      event({ ...DATA, a: 7 }, { headers: binary('ce-') }),
      event({ ...ATTRIBUTES, data_base64: Buffer.from('{"a":9,"b":10,"id":[1.0]}').toString('base64') }),
      event('{"specversion":"1.0","id":"7","source":"/s","\\u0074ype":"t","data":{"a":11,"b":12}}'),
    ]);
    expect(reasons(batch)).toEqual([]);
    expect(elements(batch)).toEqual([[1, 2, 3, 2, 5, 2, 7, 2, 9, 10, 11, 12]]);
    expect(texts(await encode(format, batch, scores(6)))).toEqual([
      '{"id":"é","y0":0.5}',
      '{"id":"é","y0":1.5}',
      '{"id":"é","y0":2.5}',
      '{"id":"é","y0":3.5}',
      '{"id":[1.0],"y0":4.5}',
      '{"y0":5.5}',
    ]);
  });

  it('are refused when attributes are absent or wrong, or when the data is none of JSON', async () => {
    const format = await open(MODEL, INPUT, OUTPUT);
    const wrong = [
      event({ ...ATTRIBUTES, id: '', data: DATA }),
      event({ ...ATTRIBUTES, specversion: '0.3', data: DATA }),
      event({ ...ATTRIBUTES, time: 'yesterday', data: DATA }),
      event({ ...ATTRIBUTES, datacontenttype: 'text/xml', data: DATA }),
      event({ ...ATTRIBUTES }),
      event({ ...ATTRIBUTES, data: DATA, data_base64: '' }),
      event({ ...ATTRIBUTES, data_base64: 'e30' }),
      event([1]),
      event(DATA, { headers: headers({ ce_type: 't', ce_specversion: '1.0', ce_id: '1' }) }),
      event('<a/>', { headers: binary('ce_', { 'content-type': 'text/xml' }) }),
      event('[]', { headers: headers({ 'Content-Type': 'application/cloudevents-batch+json' }) }),
      event('{', { headers: binary('ce_') }),
    ];
    const batch = await format.decoder.decode([
      ...wrong,
      event({ ...ATTRIBUTES, data: { b: 1 } }),
      event({ ...ATTRIBUTES, data: { a: 1, b: 2 } }),
    ]);
    expect(batch.failures.map(({ errorClass }) => errorClass)).toEqual([...wrong.map(() => 'decode'), 'mapping']);
    expect(batch.failures.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('attribute id'),
      expect.stringContaining("'0.3'"),
      expect.stringContaining('RFC 3339'),
      expect.stringContaining("'text/xml'"),
      'The event has no data.',
      expect.stringContaining('both "data" and "data_base64"'),
      expect.stringContaining('base64'),
      expect.stringContaining('a CloudEvent is a JSON object'),
      expect.stringContaining('header ce-source'),
      expect.stringContaining('"text/xml"'),
      expect.stringContaining('cloudevents-batch'),
      expect.stringContaining('not JSON'),
      expect.stringContaining("Field '/a' is absent"),
    ]);
    expect(batch.rows).toBe(1);
  });
});

it('ends with bytes of any kind, and every event is a row or a failure', async () => {
  const format = await open(MODEL, INPUT, OUTPUT);
  const random = seededRandom(5);
  const seeds = [
    JSON.stringify({ ...ATTRIBUTES, data: DATA }),
    JSON.stringify({ ...ATTRIBUTES, data_base64: 'e30=' }),
    JSON.stringify(DATA),
  ];
  const events = Array.from({ length: 3000 }, (_, index) =>
    event(mutate(Buffer.from(seeds[index % 3]), random), {
      headers:
        index % 3 === 2
          ? binary('ce_', { 'content-type': String(mutate(Buffer.from('application/json'), random)) })
          : [],
    }),
  );
  const batch = await format.decoder.decode(events);
  expect(batch.rows).toBeGreaterThan(20);
  expect(batch.failures.length).toBeGreaterThan(20);
  expect(batch.rows + batch.failures.length).toBe(3000);
  const { outputs, failures } = await encode(format, batch, scores(batch.rows));
  expect(outputs.length + failures.length).toBe(batch.rows);
  for (const { value } of outputs) {
    JSON.parse(value.toString());
  }
});

it('leaves nothing of an event that was refused to the one behind it', async () => {
  const format = await open(MODEL, INPUT, OUTPUT);
  const { id: _, ...data } = DATA;
  const refused = { ...ATTRIBUTES, time: 'yesterday', data: DATA };
  const batch = await decode(
    format,
    refused,
    { ...ATTRIBUTES, data },
    { ...ATTRIBUTES, type: 1, data: DATA },
    { ...ATTRIBUTES, data },
  );
  expect(texts(await encode(format, batch, scores(2)))).toEqual(['{"y0":0.5}', '{"y0":1.5}']);
});

describe('predictions as CloudEvents', () => {
  it.each([
    ['kafka', 'ce_'],
    ['redis-stream', 'ce_'],
    ['nats', 'ce-'],
    ['http', 'ce-'],
  ])('have their attributes in headers in the binary mode, for %s as %s', async (sink, prefix) => {
    const format = await open(
      MODEL,
      { inputs: INPUT.inputs },
      { ...OUTPUT, format: 'cloudevents', mode: 'binary', eventType: 'com.example.score' },
      { sink },
    );
    const { outputs } = await encode(format, await decode(format, DATA), scores(1));
    expect(outputs[0].value.toString()).toBe('{"id":"é","y0":0.5}');
    expect(headersOf(outputs[0])).toEqual({
      'model-serving-event-id': 'logs/0/0/abcdef012345',
      'content-type': 'application/json',
      [`${prefix}specversion`]: '1.0',
      [`${prefix}id`]: 'logs/0/0/abcdef012345',
      [`${prefix}source`]: '/models/iris/versions/2',
      [`${prefix}type`]: 'com.example.score',
      [`${prefix}time`]: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
  });

  it('are read again by a consumer behind', async () => {
    const first = await open(MODEL, { inputs: INPUT.inputs }, { ...OUTPUT, format: 'cloudevents' });
    const { outputs } = await encode(first, await decode(first, DATA, { a: 1, b: 2 }), scores(2));
    expect(headersOf(outputs[0])['content-type']).toBe('application/cloudevents+json');
    expect(JSON.parse(outputs[0].value.toString())).toEqual({
      ...{ specversion: '1.0', id: 'logs/0/0/abcdef012345', source: '/models/iris/versions/2' },
      ...{ type: expect.any(String), time: expect.any(String), datacontenttype: 'application/json' },
      data: { id: 'é', y0: 0.5 },
    });
    const second = await open(signatureOf([['FP64', [-1]]]), {
      format: 'cloudevents',
      inputs: [{ input: 'x0', pointers: ['/y0'] }],
    });
    const batch = await second.decoder.decode(
      outputs.map(({ value, headers: list }) => event(value, { headers: list })),
    );
    expect(elements(batch)).toEqual([[0.5, 1.5]]);
  });
});
