import { type Edit, editsWithin } from './file-edit';
import { FIELDS } from './onnx-fields';
import { delimitedField, type WireCursor } from './wire';

/** The new name of a value; undefined = it stays. */
export type Renaming = (name: string) => string | undefined;

/** Where names of values are, by field: here, or in the message of the field. */
interface NamePlaces {
  readonly [field: number]: 'name' | 'graph' | NamePlaces;
}

const { graph, node, attribute, tensor, sparseTensor, valueInfo, annotation, entry } = FIELDS;

const VALUE: NamePlaces = { [valueInfo.name]: 'name' };
const TENSOR: NamePlaces = { [tensor.name]: 'name' };

const GRAPH: NamePlaces = {
  [graph.node]: {
    [node.input]: 'name',
    [node.output]: 'name',
    [node.attribute]: { [attribute.graph]: 'graph', [attribute.graphs]: 'graph' },
  },
  [graph.initializer]: TENSOR,
  [graph.sparseInitializer]: { [sparseTensor.values]: TENSOR },
  [graph.input]: VALUE,
  [graph.output]: VALUE,
  [graph.valueInfo]: VALUE,
  [graph.annotation]: { [annotation.tensor]: 'name', [annotation.parameters]: { [entry.value]: 'name' } },
};

/**
 * Renames values in the current field of a graph, and in the graphs inside of it.
 *
 * A name that a graph inside uses for a value of its own is renamed as well: when every place has the new name, it means
 * there what the old one meant.
 */
export function renameInField(message: WireCursor, renaming: Renaming): Edit[] {
  return editsOf(message, GRAPH[message.field], renaming);
}

/** The name of the initializer, dense or sparse, that is the current field of a graph; undefined for other fields. */
export function initializerName(message: WireCursor): string | undefined {
  if (message.field === graph.initializer) {
    return message.message().lastText(tensor.name);
  }
  if (message.field !== graph.sparseInitializer) {
    return undefined;
  }
  const sparse = message.message();
  let name: string | undefined;
  while (sparse.next()) {
    name = sparse.field === sparseTensor.values ? sparse.message().lastText(tensor.name) : name;
  }
  return name;
}

function editsOf(message: WireCursor, place: NamePlaces[number] | undefined, renaming: Renaming): Edit[] {
  const { field, tagStart, start, end } = message;
  if (place === undefined) {
    return [];
  }
  if (place === 'name') {
    const name = renaming(message.text());
    return name === undefined ? [] : [{ start: tagStart, end, replacement: delimitedField(field, name) }];
  }
  const places = place === 'graph' ? GRAPH : place;
  const fields = message.message();
  const edits: Edit[] = [];
  while (fields.next()) {
    edits.push(...editsOf(fields, places[fields.field], renaming));
  }
  return editsWithin({ field, start: tagStart, contents: start, end }, edits);
}
