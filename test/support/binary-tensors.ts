import type { TestPredictor } from './predictor';

/** Header with the length of the JSON part. */
export const LENGTH_HEADER = 'Inference-Header-Content-Length';

/** A body: JSON, and the data of binary tensors behind it. */
export function binaryBody(json: unknown, ...parts: Uint8Array[]): { body: Buffer; headers: Record<string, string> } {
  const head = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return { body: Buffer.concat([head, ...parts]), headers: { [LENGTH_HEADER]: String(head.length) } };
}

/** An input that is carried as binary data of a size. */
export function binaryInput(name: string, datatype: string, shape: number[], size: unknown): object {
  return { name, datatype, shape, parameters: { binary_data_size: size } };
}

/** Elements of BYTES in their binary form. */
export function binaryTexts(...texts: (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const content = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(content.length);
      return [length, content];
    }),
  );
}

/** The bytes of an array. */
export function bytesOf(array: ArrayBufferView): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** An answer of V2: its JSON part, and the binary data of its outputs by their names. */
export interface BinaryAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at bodies of any form
  readonly json: any;
  readonly data: Record<string, Buffer>;
}

/** Sends a body and takes the answer apart. Fails when the answer has more bytes than it says. */
export async function inferBinary(
  server: TestPredictor,
  model: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<BinaryAnswer> {
  const response = await fetch(`${server.url}/v2/models/${model}/infer`, {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer>,
    headers,
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = response.headers.get(LENGTH_HEADER);
  const head = length === null ? bytes.length : Number(length);
  const json = JSON.parse(bytes.toString('utf8', 0, head));
  const data: Record<string, Buffer> = {};
  let at = head;
  for (const { name, parameters } of json.outputs ?? []) {
    if (parameters?.binary_data_size !== undefined) {
      data[name] = bytes.subarray(at, at + parameters.binary_data_size);
      at += parameters.binary_data_size;
    }
  }
  expect(at).toBe(bytes.length);
  return { status: response.status, headers: response.headers, json, data };
}
