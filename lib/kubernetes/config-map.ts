import { readableBytes } from './quantity';
import { RULES } from './rules';
import { type Violation, violation } from './violation';

/**
 * Largest ConfigMap that `kubectl apply` takes, in bytes of its JSON: it keeps the object in an annotation, and all
 * annotations of an object together have at most so many bytes.
 */
export const MAX_CONFIG_MAP_BYTES = 262_144;

// Name of the annotation, and what the API server and the user add to the metadata.
const METADATA_BYTES = 2048;

/** `data` or `binaryData` of a ConfigMap. */
export type ConfigMapData = { readonly [key: string]: string };

/** Bytes of a ConfigMap with such data, written as JSON. */
export function configMapBytes(data: ConfigMapData): number {
  return METADATA_BYTES + Buffer.byteLength(JSON.stringify(data));
}

/** Bytes of a ConfigMap that carries a file of a size as binary data (which is base64), written as JSON. */
export function carriedFileBytes(fileBytes: number): number {
  return METADATA_BYTES + 4 * Math.ceil(fileBytes / 3);
}

/**
 * Checks that a ConfigMap is not too large.
 *
 * @param what what the ConfigMap holds, for the message
 * @param bytes bytes of its JSON
 * @param fix what to do
 */
export function checkConfigMapSize(what: string, bytes: number, fix: string): Violation[] {
  return bytes <= MAX_CONFIG_MAP_BYTES
    ? []
    : [
        violation(
          RULES.configMapSize,
          `${what} takes ${readableBytes(bytes)} (${bytes} bytes) as a ConfigMap, which holds ${MAX_CONFIG_MAP_BYTES}.`,
          fix,
        ),
      ];
}
