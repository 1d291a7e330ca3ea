import { DATATYPES, type Datatype } from '../../model';
import { allText, BinaryParts, readBinary } from '../../protocol';

/**
 * Reads outputs whose data are binary: each gets its elements in their place, flat, as in JSON. Outputs with data in JSON stay as they
 * are.
 *
 * @param outputs `outputs` of the JSON part
 * @param bytes what is behind it
 * @returns undefined when the bytes are not exactly the data of these outputs
 * @see https://github.com/kserve/open-inference-protocol, extension for binary tensor data
 */
export function withBinaryData(outputs: unknown, bytes: Uint8Array): unknown[] | undefined {
  if (!Array.isArray(outputs)) {
    return undefined;
  }
  const parts = new BinaryParts(bytes);
  try {
    const read = outputs.map((output, index) => readOutput(output, parts, index));
    parts.end();
    return read;
  } catch {
    return undefined; // a server that breaks the protocol
  }
}

function readOutput(output: unknown, parts: BinaryParts, index: number): unknown {
  const { parameters, ...rest } = output as { parameters?: { binary_data_size?: unknown } } & Record<string, unknown>;
  if (parameters?.binary_data_size === undefined) {
    return output;
  }
  const { name, datatype, shape } = rest;
  const data = parts.take(parameters.binary_data_size, String(name), `outputs[${index}]`);
  if (!isDatatype(datatype) || !Array.isArray(shape)) {
    throw new TypeError('the output has no datatype or no shape');
  }
  const tensor = readBinary(data, { name: String(name), datatype, shape, symbols: [] }, shape);
  // As an answer in JSON has them: what is not finite is a text there.
  return { ...rest, data: JSON.parse(allText(tensor)) };
}

function isDatatype(datatype: unknown): datatype is Datatype {
  return typeof datatype === 'string' && Object.hasOwn(DATATYPES, datatype);
}
