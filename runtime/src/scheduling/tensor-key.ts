import { createHash } from 'node:crypto';
import type { Tensor } from '../model';

/** A digest costs more than it saves for smaller inputs. */
const MAX_EXACT_BYTES = 512;

/**
 * Names inputs: equal inputs have the same name, and different ones different names. Small inputs are their own name, as
 * that costs less; larger ones have a SHA-256.
 */
export function tensorKey(inputs: readonly Tensor[]): string {
  let header = '';
  let bytes = 0;
  // Every part says how long it is, so that none can pass for two others.
  const parts = inputs.map(({ datatype, shape, data }) => {
    const part = Array.isArray(data)
      ? Buffer.from(JSON.stringify(data))
      : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    header += `${datatype}${shape.join()}:${part.length};`;
    bytes += part.length;
    return part;
  });
  if (bytes <= MAX_EXACT_BYTES) {
    return parts.reduce((key, part) => key + part.toString('latin1'), header);
  }
  const hash = createHash('sha256').update(header);
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest('base64');
}
