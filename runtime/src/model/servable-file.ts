import { bfloat16Edits } from './bfloat16-casts';
import { withFileSource } from './byte-source';
import { editsWithin, writeEdited } from './file-edit';
import { FIELDS } from './onnx-fields';
import type { OnnxFile } from './onnx-file';
import { delimitedField, numberField } from './wire';
import { zipMapEdits } from './zip-map';

/** Operator set that is imported when a model imports none of ONNX's own: the first whose Cast knows bfloat16. */
const OPSET = 13;

/** Whether the engine's interface for Node.js cannot exchange what the model has for inputs and outputs. */
export function needsCopy({ zipMaps, bfloat16 }: OnnxFile): boolean {
  return zipMaps.length + bfloat16.inputs.size + bfloat16.outputs.size > 0;
}

/**
 * Writes a copy of a model whose inputs and outputs the engine's interface can exchange: maps of class probabilities become
 * matrices, bfloat16 becomes FP32.
 *
 * @param path the model
 * @param file what {@link readOnnx} found in it
 * @param target file to write, must not exist
 */
export function writeServableCopy(path: string, file: OnnxFile, target: string): void {
  const casts = withFileSource(path, (source) => ({ edits: bfloat16Edits(source, file), end: source.length }));
  const graph = editsWithin({ ...file.graph, field: FIELDS.model.graph }, [...zipMapEdits(file), ...casts.edits]);
  const opset = delimitedField(FIELDS.model.opsetImport, numberField(FIELDS.opset.version, OPSET));
  const imports = file.opsets.has('') ? [] : [{ start: casts.end, end: casts.end, replacement: opset }];
  writeEdited(path, [...graph, ...imports], target);
}
