import { closeSync, openSync, writeSync } from 'node:fs';
import { type ByteSource, withFileSource } from './byte-source';
import { FIELDS, type OnnxFile, type Span } from './onnx-file';
import { delimitedField, numberField, varint } from './wire';

const CHUNK_BYTES = 1024 * 1024;
const FLOAT = 1;

/** Operator set that is imported when a model imports none of ONNX's own; every version since 1 has Identity. */
const IDENTITY_OPSET = 13;

/** A piece of the file, and what stands in its place. */
interface Edit extends Span {
  readonly replacement: Buffer;
}

/**
 * Writes a copy of a model in which the ZipMap nodes pass the probabilities on as a tensor.
 *
 * onnxruntime for Node.js cannot return maps. Names of outputs stay; the type of such an output becomes FP32 `[N, C]`.
 *
 * @param path the model
 * @param model what {@link readOnnx} found in it
 * @param target file to write, must not exist
 */
export function removeZipMaps(path: string, model: OnnxFile, target: string): void {
  const edits = model.zipMaps.flatMap(({ node, input, output, labels }): Edit[] => {
    const declared = model.outputs.get(output);
    return [
      { ...node, replacement: identityNode(input, output) },
      ...(declared === undefined ? [] : [{ ...declared, replacement: matrixOutput(output, labels.length) }]),
    ];
  });
  edits.sort((a, b) => a.start - b.start);
  const descriptor = openSync(target, 'wx', 0o600);
  try {
    withFileSource(path, (source) => {
      const write = (bytes: Uint8Array) => writeAll(descriptor, bytes);
      const { start, contents, end } = model.graph;
      const growth = edits.reduce((sum, edit) => sum + edit.replacement.length - (edit.end - edit.start), 0);
      copy(source, 0, start, write);
      write(varint(FIELDS.model.graph * 8 + 2));
      write(varint(end - contents + growth));
      let position = contents;
      for (const edit of edits) {
        copy(source, position, edit.start, write);
        write(edit.replacement);
        position = edit.end;
      }
      copy(source, position, source.length, write);
      if (!model.opsets.has('')) {
        write(delimitedField(FIELDS.model.opsetImport, numberField(FIELDS.opset.version, IDENTITY_OPSET)));
      }
    });
  } finally {
    closeSync(descriptor);
  }
}

function identityNode(input: string, output: string): Buffer {
  return delimitedField(
    FIELDS.graph.node,
    Buffer.concat([
      delimitedField(FIELDS.node.input, input),
      delimitedField(FIELDS.node.output, output),
      delimitedField(FIELDS.node.opType, 'Identity'),
    ]),
  );
}

function matrixOutput(name: string, columns: number): Buffer {
  const { valueInfo, type, tensorType, shape, dimension } = FIELDS;
  const dimensions = Buffer.concat([
    delimitedField(shape.dimension, ''),
    delimitedField(shape.dimension, numberField(dimension.value, columns)),
  ]);
  const tensor = Buffer.concat([
    numberField(tensorType.elementType, FLOAT),
    delimitedField(tensorType.shape, dimensions),
  ]);
  return delimitedField(
    FIELDS.graph.output,
    Buffer.concat([
      delimitedField(valueInfo.name, name),
      delimitedField(valueInfo.type, delimitedField(type.tensor, tensor)),
    ]),
  );
}

function copy(source: ByteSource, from: number, to: number, write: (bytes: Uint8Array) => void): void {
  for (let position = from; position < to; position += CHUNK_BYTES) {
    write(source.read(position, Math.min(to, position + CHUNK_BYTES)));
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written);
  }
}
