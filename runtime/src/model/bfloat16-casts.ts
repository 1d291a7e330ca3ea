import type { ByteSource } from './byte-source';
import { type Edit, editsWithin } from './file-edit';
import { BFLOAT16, FIELDS, FLOAT } from './onnx-fields';
import type { OnnxFile } from './onnx-file';
import { type Renaming, renameInField } from './value-names';
import { delimitedField, numberField, WireCursor } from './wire';

/** Type of an attribute that is an integer. */
const INT = 2;

/**
 * Makes the inputs and outputs of a graph that are bfloat16 FP32, with a Cast between each of them and the graph.
 *
 * onnxruntime for Node.js has no bfloat16. Names of inputs and outputs stay, and so does what the graph computes: inside of
 * it, and of the graphs of its nodes, the values have new names.
 *
 * @returns edits of the graph's own fields
 */
export function bfloat16Edits(source: ByteSource, file: OnnxFile): Edit[] {
  const { inputs, outputs } = file.bfloat16;
  return inputs.size + outputs.size === 0 ? [] : new Casts(source, file).edits();
}

class Casts {
  /** Inside names by outside names. */
  private readonly inside = new Map<string, string>();

  /** Outside names that occur inside. */
  private readonly used = new Set<string>();

  constructor(
    private readonly source: ByteSource,
    private readonly file: OnnxFile,
  ) {
    const taken = this.names();
    for (const name of [...file.bfloat16.inputs, ...file.bfloat16.outputs]) {
      let fresh = `${name}:bfloat16`;
      while (taken.has(fresh)) {
        fresh += '_';
      }
      this.inside.set(name, fresh);
    }
  }

  edits(): Edit[] {
    const { inputs } = this.file.bfloat16;
    const { contents, end } = this.file.graph;
    const edits = this.fieldEdits();
    const all = [...this.inside];
    const before = all.filter(([name]) => inputs.has(name) && this.used.has(name));
    // An output that is an input as well is answered as it was sent.
    const after = all.filter(([name]) => !inputs.has(name)).map(swap);
    return [
      { start: contents, end: contents, replacement: castNodes(before, BFLOAT16) },
      ...edits,
      { start: end, end, replacement: castNodes(after, FLOAT) },
    ];
  }

  private fieldEdits(): Edit[] {
    const { bfloat16, zipMaps } = this.file;
    const replaced = new Set(zipMaps.map(({ node }) => node.start));
    const edits: Edit[] = [];
    const graph = this.graph();
    while (graph.next()) {
      if (graph.field === FIELDS.graph.output) {
        edits.push(...(bfloat16.outputs.has(nameOf(graph)) ? declaredAsFloat(graph) : []));
      } else if (graph.field === FIELDS.graph.input && bfloat16.inputs.has(nameOf(graph))) {
        edits.push(...declaredAsFloat(graph));
      } else if (!replaced.has(graph.tagStart)) {
        edits.push(...renameInField(graph, this.rename));
      }
    }
    return edits;
  }

  private readonly rename: Renaming = (name) => {
    const fresh = this.inside.get(name);
    if (fresh !== undefined) {
      this.used.add(name);
    }
    return fresh;
  };

  /** Every name of a value, anywhere. */
  private names(): Set<string> {
    const names = new Set<string>();
    const collect = (name: string) => {
      names.add(name);
      return undefined;
    };
    const graph = this.graph();
    while (graph.next()) {
      renameInField(graph, collect);
    }
    return names;
  }

  private graph(): WireCursor {
    const { contents, end } = this.file.graph;
    return new WireCursor(this.source, contents, end);
  }
}

/** Name of the input or output that is the current field of a graph. */
function nameOf(graph: WireCursor): string {
  return graph.message().lastText(FIELDS.valueInfo.name);
}

/** The current field, an input or output, with FP32 as its element type. */
function declaredAsFloat(graph: WireCursor): Edit[] {
  return editsBelow(graph, [FIELDS.valueInfo.type, FIELDS.type.tensor]);
}

/** Follows a path of messages to the element type of a tensor. */
function editsBelow(message: WireCursor, [next, ...rest]: readonly number[]): Edit[] {
  const { field, tagStart, start, end } = message;
  const { elementType } = FIELDS.tensorType;
  const edits: Edit[] = [];
  const fields = message.message();
  while (fields.next()) {
    if (next !== undefined && fields.field === next) {
      edits.push(...editsBelow(fields, rest));
    } else if (next === undefined && fields.field === elementType) {
      edits.push({ start: fields.tagStart, end: fields.end, replacement: numberField(elementType, FLOAT) });
    }
  }
  return editsWithin({ field, start: tagStart, contents: start, end }, edits);
}

function castNodes(casts: readonly (readonly [from: string, to: string])[], elementType: number): Buffer {
  const attribute = Buffer.concat([
    delimitedField(FIELDS.attribute.name, 'to'),
    numberField(FIELDS.attribute.integer, elementType),
    numberField(FIELDS.attribute.type, INT),
  ]);
  const nodes = casts.map(([from, to]) =>
    delimitedField(
      FIELDS.graph.node,
      Buffer.concat([
        delimitedField(FIELDS.node.input, from),
        delimitedField(FIELDS.node.output, to),
        delimitedField(FIELDS.node.opType, 'Cast'),
        delimitedField(FIELDS.node.attribute, attribute),
      ]),
    ),
  );
  return Buffer.concat(nodes);
}

function swap([outside, inside]: readonly [string, string]): [string, string] {
  return [inside, outside];
}
