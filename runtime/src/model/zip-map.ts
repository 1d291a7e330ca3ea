import type { Edit } from './file-edit';
import { FIELDS, FLOAT } from './onnx-fields';
import type { OnnxFile } from './onnx-file';
import { delimitedField, numberField } from './wire';

/**
 * Makes the ZipMap nodes of a graph pass the probabilities on as a tensor.
 *
 * onnxruntime for Node.js cannot return maps. Names of outputs stay; the type of such an output becomes FP32 `[N, C]`.
 *
 * @returns edits of the graph's own fields
 */
export function zipMapEdits({ zipMaps, outputs }: OnnxFile): Edit[] {
  return zipMaps.flatMap(({ node, input, output, labels }): Edit[] => {
    const declared = outputs.get(output);
    return [
      { ...node, replacement: identityNode(input, output) },
      ...(declared === undefined ? [] : [{ ...declared, replacement: matrixOutput(output, labels.length) }]),
    ];
  });
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
