import { badRequest, counted, kindOf } from '../request-error';
import type { RequestHeaders } from './prediction';

/** Header with the length of the JSON part of a body; the name in lower case, as Node.js gives it. */
const LENGTH_HEADER = 'inference-header-content-length';

/** The same header, as answers have it. */
export const INFERENCE_HEADER_CONTENT_LENGTH = 'Inference-Header-Content-Length';

/**
 * Length of the JSON part of a body, when the body has binary data behind it; 0 = the body is the data alone.
 *
 * @returns undefined when the body is JSON alone
 * @throws RequestError 400
 */
export function jsonLength(headers: RequestHeaders, bodyLength: number): number | undefined {
  const value = headers[LENGTH_HEADER];
  if (value === undefined) {
    return undefined;
  }
  const length = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : -1;
  if (length < 0 || length > bodyLength) {
    throw badRequest(
      `The header ${INFERENCE_HEADER_CONTENT_LENGTH} must be the length of the JSON part, a whole number from 0 to ` +
        `${bodyLength}, the length of the body.`,
    );
  }
  return length;
}

/** Binary data behind the JSON part of a body, taken in the order of the inputs. */
export class BinaryParts {
  private taken = 0;

  /** @param bytes undefined when the request does not say where its JSON part ends */
  constructor(private readonly bytes: Uint8Array | undefined) {}

  /**
   * Takes the data of the next input.
   *
   * @param size value of `binary_data_size`
   * @throws RequestError 400
   */
  take(size: unknown, input: string, path: string): Uint8Array {
    const bytes = this.bytes ?? new Uint8Array(0);
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw badRequest(
        `Input '${input}': ${path}.parameters.binary_data_size must be a whole number of bytes, 0 or more; ` +
          `found ${kindOf(size)}.`,
      );
    }
    const left = bytes.byteLength - this.taken;
    if (size > left) {
      throw badRequest(
        this.bytes === undefined
          ? `Input '${input}' has binary_data_size, but the request lacks the header ${INFERENCE_HEADER_CONTENT_LENGTH}, ` +
              'the length of the JSON part of the body.'
          : `Input '${input}': binary_data_size is ${size}, but ${counted(left, 'byte')} of binary data are left.`,
      );
    }
    this.taken += size;
    return bytes.subarray(this.taken - size, this.taken);
  }

  /**
   * Checks that nothing is left.
   *
   * @throws RequestError 400
   */
  end(): void {
    const left = (this.bytes?.byteLength ?? 0) - this.taken;
    if (left > 0) {
      throw badRequest(
        `The body has ${counted(left, 'byte')} of binary data more than the inputs' binary_data_size say together.`,
      );
    }
  }
}
