import type { StreamError } from '../../../runtime/src/streaming/event';
import {
  decode,
  elements,
  encode,
  event,
  headersOf,
  open,
  reasons,
  SHA256,
  scores,
  signatureOf,
  tensor,
  texts,
} from './formats';

const TWO = signatureOf([['FP32', [-1, 2]]]);
const POINTERS = [{ input: 'x0', pointers: ['/a', '/b/c'] }];

describe('events of JSON as rows', () => {
  it('takes elements from pointers, and leaves out events that do not fit', async () => {
    const format = await open(TWO, { inputs: POINTERS });
    const batch = await decode(
      format,
      { a: 1.5, b: { c: 2 }, more: [{}] },
      { a: 'x', b: { c: 2 } },
      { a: 3, b: { c: -4e-3 } },
      { a: 3 },
      '{"a":3',
      null,
      Buffer.from([0x7b, 0xff, 0x7d]),
      '',
      '[1,2]',
    );
    expect(elements(batch)).toEqual([[1.5, 2, 3, Math.fround(-0.004)]]);
    expect([...Array(batch.rows).keys()].map((row) => batch.eventOfRow[row])).toEqual([0, 2]);
    expect(batch.inputs[0].shape).toEqual([2, 2]);
    const rule = 'it must be a number that FP32 can hold, or "NaN", "Infinity" or "-Infinity" (input \'x0\')';
    expect(batch.failures.map(({ index }) => index)).toEqual([1, 3, 4, 5, 6, 7, 8]);
    expect(reasons(batch)).toEqual([
      `mapping: Field '/a' is "x"; ${rule}.`,
      `mapping: Field '/b/c' is absent; ${rule}, or a value for missing fields be declared.`,
      expect.stringMatching(/^decode: The value is not JSON: /),
      'decode: The event has no value (a tombstone); a prediction needs one.',
      'decode: The value is not UTF-8; JSON in UTF-8 is needed.',
      'decode: The value is empty; JSON is needed.',
      `mapping: Field '/a' is absent; ${rule}, or a value for missing fields be declared.`,
    ]);
  });

  it('takes a list of all elements, flat or nested, and one number as a row of one', async () => {
    const nested = await open(signatureOf([['FP64', [-1, 2, 2]]]), { inputs: [{ input: 'x0', pointers: ['/v'] }] });
    const lists = await decode(
      nested,
      { v: [1, 2, 3, 4] },
      {
        v: [
          [5, 6],
          [7, 8],
        ],
      },
      { v: [[1, 2, 3], [4]] },
      { v: 1 },
      { v: [1, 2, 3, null] },
    );
    expect(elements(lists)).toEqual([[1, 2, 3, 4, 5, 6, 7, 8]]);
    expect(reasons(lists)).toEqual([
      "mapping: Field '/v' is a list of 2; a list of 4, or lists nested as [2, 2], is needed (input 'x0').",
      "mapping: Field '/v' is 1; a list of 4 is needed (input 'x0').",
      expect.stringContaining("Field '/v/3' is null"),
    ]);
    const whole = await open(signatureOf([['FP32', [-1, 3]]]), { inputs: [{ input: 'x0', pointers: [''] }] });
    expect(elements(await decode(whole, '[1, 2,\n3]', ' [4,5,6] '))).toEqual([[1, 2, 3, 4, 5, 6]]);
    const one = await open(signatureOf([['FP32', [-1]]]), { inputs: [{ input: 'x0', pointers: [''] }] });
    expect(elements(await decode(one, '7', '[8]', '{}'))).toEqual([[7, 8]]);
  });

  it('fills what is missing, where that is declared', async () => {
    const format = await open(TWO, { inputs: [{ ...POINTERS[0], missing: -1 }] });
    const batch = await decode(format, {}, { a: null, b: null }, { a: 1, b: {} }, { b: { c: 2 } }, { a: 'x' });
    expect(elements(batch)).toEqual([[-1, -1, -1, -1, 1, -1, -1, 2]]);
    expect(batch.failures).toHaveLength(1);
    const list = await open(TWO, { inputs: [{ input: 'x0', pointers: ['/v'], missing: 0.5 }] });
    expect(elements(await decode(list, {}, { v: [1, null] }))).toEqual([[0.5, 0.5, 1, 0.5]]);
  });

  it('keeps integers of 64 bits exact, and holds every datatype to its range', async () => {
    const signature = signatureOf([
      ['INT64', [-1]],
      ['UINT64', [-1]],
      ['INT8', [-1]],
      ['BOOL', [-1]],
      ['BYTES', [-1]],
      ['FP16', [-1]],
    ]);
    const inputs = ['i', 'u', 's', 'f', 't', 'h'].map((name, index) => ({
      input: `x${index}`,
      pointers: [`/${name}`],
    }));
    const format = await open(signature, { inputs });
    const good = '{"i":-9223372036854775808,"u":18446744073709551615,"s":-128,"f":true,"t":"\\u00e9\\"","h":1.5}';
    const usual = '{"i":9007199254740991,"u":1,"s":127,"f":false,"t":"é","h":-2}';
    expect(elements(await decode(format, good, usual))).toEqual([
      [-(2n ** 63n), 2n ** 53n - 1n],
      [2n ** 64n - 1n, 1n],
      [-128, 127],
      [1, 0],
      ['é"', 'é'],
      [0x3e00, 0xc000],
    ]);
    const wrong = [
      '"i":9223372036854775808',
      '"i":1e19',
      '"i":0.5',
      '"u":-1',
      '"s":128',
      '"s":1.5',
      '"f":1',
      '"f":"true"',
      '"t":1',
      '"t":"a\\u0000"',
      '"t":"\\ud800"',
      '"h":70000',
    ];
    const batch = await decode(format, ...wrong.map((text) => usual.replace(new RegExp(`"${text[1]}":[^,}]+`), text)));
    expect(batch.rows).toBe(0);
    expect(batch.failures.map(({ errorClass }) => errorClass)).toEqual(wrong.map(() => 'mapping'));
    expect(batch.failures[0].reason).toBe(
      "Field '/i' is 9223372036854775808; it must be an integer from -9223372036854775808 to 9223372036854775807, written in digits (input 'x0').",
    );
  });

  it('refuses numbers beyond FP32, and takes the texts that stand for what JSON has no number for', async () => {
    const format = await open(signatureOf([['FP32', [-1]]]), { inputs: [{ input: 'x0', pointers: ['/a'] }] });
    const batch = await decode(
      format,
      '{"a":3.5e38}',
      '{"a":1e999}',
      '{"a":NaN}',
      '{"a":"NaN"}',
      '{"a":"-Infinity"}',
      '{"a":3.4e38}',
      '{"a":0.1}',
    );
    expect(elements(batch)).toEqual([[Number.NaN, Number.NEGATIVE_INFINITY, Math.fround(3.4e38), Math.fround(0.1)]]);
    expect(batch.failures.map(({ index, errorClass }) => [index, errorClass])).toEqual([
      [0, 'mapping'],
      [1, 'mapping'],
      [2, 'decode'],
    ]);
  });

  it('refuses values that are too large', async () => {
    const format = await open(TWO, { inputs: POINTERS }, {}, { maxEventBytes: 20 });
    expect(reasons(await decode(format, ' '.repeat(21)))).toEqual([
      'size: The value has 21 bytes; at most 20 are taken (maxEventBytes).',
    ]);
  });

  it('reads names of every kind: with escapes, slashes, tildes, and those of prototypes', async () => {
    const names = ['/a~1b', '/m~0n', '/', '/é', '/__proto__', '/q"'];
    const format = await open(signatureOf([['FP32', [-1, 6]]]), { inputs: [{ input: 'x0', pointers: names }] });
    const batch = await decode(
      format,
      '{"a/b":1,"m~n":2,"":3,"é":4,"__proto__":5,"q\\"":6}',
      '{"\\u0061/b":1,"m~n":2,"":3,"\\u00e9":4,"__proto__":5,"q\\"":6}',
      '{"a/b":1,"m~n":2,"":3,"é":4,"q\\"":6,"constructor":{"prototype":{"__proto__":5}}}',
    );
    expect(elements(batch)).toEqual([[1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]]);
    expect(batch.failures).toHaveLength(1);
  });

  it('says everything at once that does not fit the model', async () => {
    const wrong = open(
      signatureOf([
        ['FP32', [-1, 3]],
        ['INT64', [-1, -1]],
        ['BOOL', [-1]],
      ]),
      {
        inputs: [
          { input: 'x0', pointers: ['a', '/b'] },
          { input: 'x1', pointers: ['/l'] },
          { input: 'z', pointers: ['/z'] },
        ],
      },
      {
        predictions: [{ name: 'p', output: 'nope', kind: 'value' }],
        passThrough: [{ name: 'p', pointer: 'p' }],
        keyPointer: '/~2',
      },
    );
    await expect(wrong).rejects.toMatchObject({ exitCode: 43 });
    const { message } = (await wrong.catch((error: unknown) => error)) as StreamError;
    for (const part of [
      "'z', which the model lacks",
      '"a" is no JSON pointer',
      'open size behind the rows',
      "'x2' is not mapped",
      "output 'nope'",
      'passThrough',
      'keyPointer',
      "the name 'p'",
    ]) {
      expect(message).toContain(part);
    }
  });
});

describe('predictions as events of JSON', () => {
  it('are objects of what is passed through and predicted, with an id, a key and the headers of the event', async () => {
    const format = await open(
      TWO,
      { inputs: POINTERS },
      {
        passThrough: [
          { name: 'id', pointer: '/id' },
          { name: 'why', pointer: '/why' },
        ],
        keyPointer: '/id',
        predictions: [{ name: 'score', output: 'y0', kind: 'value' }],
      },
    );
    const headers = [
      ['trace', Buffer.from('7')],
      ['content-type', Buffer.from('text/plain')],
      ['ce_id', Buffer.from('9')],
      ['model-serving-event-id', Buffer.from('old')],
    ] as const;
    const batch = await format.decoder.decode([
      event('{"a":1,"b":{"c":2},"id":12345678901234567890,"why":{"x": 1.10, "é":[]}}', { offset: 4, headers }),
      event('{"a":1,"b":{"c":2}}', { offset: 5 }),
      event('{"a":1,"b":{"c":2,"c":3},"id":"k\\u00e9","why":1.10}', { offset: 6, key: Buffer.from('old') }),
    ]);
    const produced = await encode(format, batch, scores(3));
    expect(texts(produced)).toEqual([
      '{"id":12345678901234567890,"why":{"x": 1.10, "é":[]},"score":0.5}',
      '{"id":"ké","why":1.10,"score":2.5}',
    ]);
    expect(produced.outputs.map(({ key }) => key?.toString())).toEqual(['12345678901234567890', 'ké']);
    expect(produced.failures).toEqual([
      {
        index: 1,
        errorClass: 'mapping',
        reason: "Field '/id' is absent; it is needed as the key of the produced event.",
      },
    ]);
    expect(produced.outputs[0]).toMatchObject({
      id: 'logs/0/4/abcdef012345',
      index: 0,
      timestampMillis: 1_700_000_000_000,
    });
    expect(headersOf(produced.outputs[0])).toEqual({ 'model-serving-event-id': 'logs/0/4/abcdef012345', trace: '7' });
    expect(produced.outputs[1].index).toBe(2);
  });

  it('copies the declared headers alone, and says what was no prediction of the model', async () => {
    const format = await open(TWO, { inputs: POINTERS }, { headers: ['content-type'] });
    const headers = [
      ['trace', Buffer.from('7')],
      ['content-type', Buffer.from('text/plain')],
    ] as const;
    const batch = await format.decoder.decode([event({ a: 1, b: { c: 2 } }, { headers, key: Buffer.from('k') })]);
    const { outputs } = await encode(format, batch, scores(1), { source: 'fallback' });
    expect(headersOf(outputs[0])).toEqual({
      'model-serving-event-id': 'logs/0/0/abcdef012345',
      'model-serving-prediction-source': 'fallback',
      'content-type': 'text/plain',
    });
    expect(outputs[0].key?.toString()).toBe('k');
    expect(texts({ outputs, failures: [] })).toEqual(['{"y0":0.5}']);
  });

  it('writes values, elements and the largest, of parts of a run, as batches do', async () => {
    const signature = signatureOf(
      [['FP32', [-1, 2]]],
      [
        ['FP32', [-1, 3]],
        ['INT64', [-1]],
        ['BYTES', [-1, 1]],
        ['BOOL', [-1, -1]],
      ],
    );
    const format = await open(
      signature,
      { inputs: POINTERS },
      {
        predictions: [
          { name: 'all', output: 'y0', kind: 'value' },
          { name: 'second', output: 'y0', kind: 'element', element: 1 },
          { name: 'top', output: 'y0', kind: 'top-k', k: 2, classes: ['a', 'b', 'c'] },
          { name: 'best', output: 'y0', kind: 'top-k', k: 1 },
          { name: 'count', output: 'y1', kind: 'value' },
          { name: 'text', output: 'y2', kind: 'value' },
          { name: 'flags', output: 'y3', kind: 'value' },
        ],
      },
    );
    const batch = await decode(format, ...Array(3).fill({ a: 1, b: { c: 2 } }));
    const outputs = [
      tensor(
        'FP32',
        [5, 3],
        Float32Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0.1, 0.7, 0.2, Number.NaN, 1, Number.POSITIVE_INFINITY]),
      ),
      tensor('INT64', [5], BigInt64Array.from([0n, 0n, 0n, -(2n ** 63n), 7n])),
      tensor('BYTES', [5, 1], ['', '', '', 'ö"', '\u2028']),
      tensor('BOOL', [5, 2], Uint8Array.from([0, 0, 0, 0, 0, 0, 1, 0, 0, 1])),
    ];
    expect(texts(await encode(format, batch, outputs, { firstRow: 1, rows: 2, firstOutputRow: 3 }))).toEqual([
      '{"all":[0.1,0.7,0.2],"second":0.7,"top":["b","c"],"best":[1],"count":-9223372036854775808,"text":"ö\\"","flags":[true,false]}',
      '{"all":["NaN",1,"Infinity"],"second":1,"top":["c","b"],"best":[2],"count":7,"text":"\u2028","flags":[false,true]}',
    ]);
  });

  it('keeps what is passed through apart from row to row, after refusals too', async () => {
    const format = await open(
      TWO,
      { inputs: POINTERS },
      {
        passThrough: [
          { name: 'id', pointer: '/id' },
          { name: 'n', pointer: '/n' },
        ],
      },
    );
    const good = (more: string) => `{"a":1,"b":{"c":2}${more}}`;
    const batch = await decode(
      format,
      good(',"id":1'),
      '{"id":"refused","n":1,"a":"x"}',
      good(''),
      '{"id":"\\u0041","n":1,"a":1,"\\u0061":"x"}',
      good(',"n":null'),
      good(',"id":"\\n","a":5'),
    );
    expect(texts(await encode(format, batch, scores(4)))).toEqual([
      '{"id":1,"y0":0.5}',
      '{"y0":1.5}',
      '{"n":null,"y0":2.5}',
      '{"id":"\\n","y0":3.5}',
    ]);
  });
});

describe('dead letters', () => {
  it('are the event as it came, with headers that say what is wrong, on one line', async () => {
    const { deadLetters } = await open(TWO, { inputs: POINTERS });
    const key = Buffer.from('k');
    const headers = [
      ['h', Buffer.from('1')],
      ['model-serving-error', Buffer.from('of an earlier try')],
    ] as const;
    const consumed = event('{"a":', { offset: 7, key, headers });
    const record = deadLetters.encode(consumed, 3, { errorClass: 'decode', reason: `no\r\nJSON ${'x'.repeat(1000)}` });
    expect(record).toMatchObject({
      value: consumed.value,
      key,
      id: 'logs/0/7/abcdef012345',
      index: 3,
      timestampMillis: 1_700_000_000_000,
    });
    expect(headersOf(record)).toEqual({
      'model-serving-event-id': 'logs/0/7/abcdef012345',
      'model-serving-model': 'iris',
      'model-serving-version': '2',
      'model-serving-model-sha256': SHA256,
      'model-serving-source': 'logs/0/7',
      'model-serving-error-class': 'decode',
      'model-serving-error': `no JSON ${'x'.repeat(492)}…`,
      h: '1',
    });
    expect(deadLetters.encode(event(null), 0, { errorClass: 'decode', reason: '' }).value).toHaveLength(0);
  });
});
