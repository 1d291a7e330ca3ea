import { decode, elements, encode, open, reasons, signatureOf, tensor } from './formats';

const MODEL = signatureOf(
  [
    ['FP32', [-1, 2]],
    ['BYTES', [-1, 2]],
    ['INT64', [-1]],
    ['BOOL', [-1]],
  ],
  [
    ['FP32', [-1, 2]],
    ['BYTES', [-1, 1]],
  ],
);

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function row(first: number, words: readonly [string, string], integer: bigint, flag: number): Buffer {
  return Buffer.concat([
    new Uint8Array(Float32Array.from([first, 0.1]).buffer),
    ...words.map(text),
    new Uint8Array(BigInt64Array.from([integer]).buffer),
    Uint8Array.of(flag),
  ]);
}

describe('events of raw tensors', () => {
  it('are a row of each input, one after the other', async () => {
    const format = await open(MODEL, { format: 'tensor' }, { format: 'tensor' });
    const good = row(1.5, ['é', ''], -(2n ** 63n), 1);
    const batch = await decode(
      format,
      good,
      good.subarray(0, good.length - 1),
      Buffer.concat([good, Buffer.alloc(1)]),
      row(1, ['a', 'b'], 1n, 2),
      Buffer.concat([good.subarray(0, 8), Buffer.from([0xff, 0xff, 0xff, 0xff])]),
      Buffer.concat([good.subarray(0, 8), Buffer.from([1, 0, 0, 0, 0xff]), good.subarray(14)]),
      Buffer.alloc(0),
      row(Number.NaN, ['a', 'b'], 7n, 0),
    );
    expect(elements(batch)).toEqual([
      [1.5, Math.fround(0.1), Number.NaN, Math.fround(0.1)],
      ['é', '', 'a', 'b'],
      [-(2n ** 63n), 7n],
      [1, 0],
    ]);
    expect(batch.failures.map(({ errorClass }) => errorClass)).toEqual(Array(6).fill('decode'));
    expect(reasons(batch)[1]).toContain(
      `has ${good.length + 1} bytes, but a row of the model's inputs has ${good.length}`,
    );
    const outputs = [tensor('FP32', [2, 2], Float32Array.from([1, 2, 3, 4])), tensor('BYTES', [2, 1], ['ü', ''])];
    const produced = await encode(format, batch, outputs);
    expect(produced.outputs.map(({ value }) => value.toString('hex'))).toEqual([
      '0000803f00000040' + '02000000c3bc',
      '0000404000008040' + '00000000',
    ]);
    // The memory of the engine may be written again when the events wait for the broker.
    (outputs[0].data as Float32Array).fill(9);
    expect(produced.outputs[0].value.readFloatLE(0)).toBe(1);
  });

  it('carry nothing over, and need rows of a known size', async () => {
    const passThrough = [{ name: 'id', pointer: '/id' }];
    await expect(open(MODEL, { format: 'tensor' }, { passThrough })).rejects.toThrow(
      'need fields, which events of the format tensor do not have',
    );
    await expect(open(MODEL, { format: 'tensor' }, { format: 'tensor', passThrough })).rejects.toMatchObject({
      exitCode: 43,
    });
    await expect(open(signatureOf([['FP32', [-1, -1]]]), { format: 'tensor' })).rejects.toThrow(
      'needs rows of a known size',
    );
    expect(reasons(await decode(await open(MODEL, { format: 'tensor' }), null))).toHaveLength(1);
  });
});
