import { FIELDS } from '../../runtime/src/model/onnx-fields';
import { delimitedField, numberField } from '../../runtime/src/model/wire';

/** An input or output: name, ONNX element type (1 = FP32, 7 = INT64) and shape; text names an open dimension. */
export interface ValueOptions {
  readonly name: string;
  readonly type?: number;
  readonly shape: readonly (number | string)[];
}

/** A node without attributes, or with attributes already encoded. */
export interface NodeOptions {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly domain?: string;
  readonly attributes?: readonly Buffer[];
}

/** A graph of a few nodes. */
export interface GraphOptions {
  readonly inputs: readonly ValueOptions[];
  readonly outputs: readonly ValueOptions[];
  readonly nodes: readonly NodeOptions[];

  /** Further fields of the graph, already encoded. */
  readonly extra?: readonly Buffer[];
}

/** A model of a few nodes. */
export interface ModelOptions extends GraphOptions {
  /** Version of each operator set by domain; `''` = ONNX's own. */
  readonly opsets?: Readonly<Record<string, number>>;

  /** Further fields of the model, already encoded. */
  readonly more?: readonly Buffer[];
}

const IR_VERSION = 8;
const GRAPH_NAME = 2;
const NODE_DOMAIN = 7;
const DIMENSION_NAME = 2;
const ATTRIBUTE_TYPE = 20;
const INT = 2;
const INTS = 7;
const STRINGS = 8;
const GRAPH = 5;

/** Writes an ONNX file, for tests that need a model which no exporter makes. */
export function buildOnnx({ opsets = { '': 17 }, more = [], ...graph }: ModelOptions): Buffer {
  return Buffer.concat([
    numberField(FIELDS.model.irVersion, IR_VERSION),
    delimitedField(FIELDS.model.graph, graphOf(graph)),
    ...more,
    ...Object.entries(opsets).map(([domain, version]) =>
      delimitedField(
        FIELDS.model.opsetImport,
        Buffer.concat([delimitedField(FIELDS.opset.domain, domain), numberField(FIELDS.opset.version, version)]),
      ),
    ),
  ]);
}

/** An attribute with a graph, such as the branches of `If`. */
export function graphAttribute(name: string, graph: GraphOptions): Buffer {
  return attribute(name, GRAPH, [delimitedField(FIELDS.attribute.graph, graphOf(graph))]);
}

/** An attribute with an integer. */
export function intAttribute(name: string, value: number): Buffer {
  return attribute(name, INT, [numberField(3, value)]);
}

/** An attribute with a list of integers, one field each as the exporters write them. */
export function intsAttribute(name: string, values: readonly number[]): Buffer {
  return attribute(
    name,
    INTS,
    values.map((value) => numberField(FIELDS.attribute.integers, value)),
  );
}

/** An attribute with a list of strings. */
export function stringsAttribute(name: string, values: readonly string[]): Buffer {
  return attribute(
    name,
    STRINGS,
    values.map((value) => delimitedField(FIELDS.attribute.strings, value)),
  );
}

/** An attribute with contents already encoded. */
export function attribute(name: string, type: number, contents: readonly Buffer[]): Buffer {
  return Buffer.concat([delimitedField(FIELDS.attribute.name, name), ...contents, numberField(ATTRIBUTE_TYPE, type)]);
}

function graphOf({ inputs, outputs, nodes, extra = [] }: GraphOptions): Buffer {
  return Buffer.concat([
    ...nodes.map((node) => delimitedField(FIELDS.graph.node, nodeOf(node))),
    delimitedField(GRAPH_NAME, 'test'),
    ...inputs.map((value) => delimitedField(FIELDS.graph.input, valueInfoOf(value))),
    ...outputs.map((value) => delimitedField(FIELDS.graph.output, valueInfoOf(value))),
    ...extra,
  ]);
}

/** The contents of a node. */
export function nodeOf({ type, inputs, outputs, domain, attributes = [] }: NodeOptions): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => delimitedField(FIELDS.node.input, name)),
    ...outputs.map((name) => delimitedField(FIELDS.node.output, name)),
    delimitedField(FIELDS.node.opType, type),
    ...attributes.map((content) => delimitedField(FIELDS.node.attribute, content)),
    ...(domain === undefined ? [] : [delimitedField(NODE_DOMAIN, domain)]),
  ]);
}

/** The contents of an input or output. */
export function valueInfoOf({ name, type = 1, shape }: ValueOptions): Buffer {
  const dimensions = shape.map((size) =>
    delimitedField(
      FIELDS.shape.dimension,
      typeof size === 'number' ? numberField(FIELDS.dimension.value, size) : delimitedField(DIMENSION_NAME, size),
    ),
  );
  const tensor = Buffer.concat([
    numberField(FIELDS.tensorType.elementType, type),
    delimitedField(FIELDS.tensorType.shape, Buffer.concat(dimensions)),
  ]);
  return Buffer.concat([
    delimitedField(FIELDS.valueInfo.name, name),
    delimitedField(FIELDS.valueInfo.type, delimitedField(FIELDS.type.tensor, tensor)),
  ]);
}
