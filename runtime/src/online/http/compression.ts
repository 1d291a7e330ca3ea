import {
  constants,
  deflate,
  gunzip,
  gzip,
  type InputType,
  inflate,
  inflateRaw,
  type Zlib,
  type ZlibOptions,
} from 'node:zlib';

/** Content codings of bodies and answers. */
export type Coding = 'gzip' | 'deflate';

/** Speed before size: the answers of one request are small. */
const LEVEL = constants.Z_BEST_SPEED;

type OneShot = (
  buffer: InputType,
  options: ZlibOptions,
  done: (error: Error | null, result: { buffer: Buffer; engine: Zlib } | Buffer) => void,
) => void;

/**
 * Decompresses a whole body, on a thread of the library's.
 *
 * @param maxBytes largest result
 * @throws the library's error, ERR_BUFFER_TOO_LARGE for the size; {@link TrailingBytesError}
 */
export async function inflateBody(body: Buffer, coding: Coding, maxBytes: number): Promise<Buffer> {
  const decompress = coding === 'gzip' ? gunzip : hasZlibHeader(body) ? inflate : inflateRaw;
  const { buffer, engine } = await run(decompress, body, { maxOutputLength: maxBytes });
  if (engine.bytesWritten !== body.length) {
    throw new TrailingBytesError();
  }
  return buffer;
}

/** Compresses an answer, on a thread of the library's. */
export async function compress(answer: string | Uint8Array, coding: Coding): Promise<Buffer> {
  const { buffer } = await run(coding === 'gzip' ? gzip : deflate, answer, { level: LEVEL });
  return buffer;
}

/** Bytes behind the compressed data, which the library leaves unread. */
class TrailingBytesError extends Error {
  override readonly name = 'TrailingBytesError';
}

function run(method: OneShot, input: InputType, options: ZlibOptions): Promise<{ buffer: Buffer; engine: Zlib }> {
  return new Promise((resolve, reject) => {
    method(input, { ...options, info: true }, (error, result) => {
      if (error !== null) {
        reject(error);
      } else {
        // With `info` the library gives both; its types say so for no method.
        resolve(result as { buffer: Buffer; engine: Zlib });
      }
    });
  });
}

/** "deflate" means the zlib format; some clients send the bare deflate format instead. */
function hasZlibHeader(body: Buffer): boolean {
  return body.length >= 2 && (body[0] & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
}
