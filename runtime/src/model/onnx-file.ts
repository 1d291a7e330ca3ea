import { type Bfloat16Values, bfloat16Values } from './bfloat16-values';
import type { ByteSource } from './byte-source';
import { FIELDS } from './onnx-fields';
import { type Span, WireCursor } from './wire';

const EXTERNAL = 1;
const MAX_GRAPH_DEPTH = 32;

/** A ZipMap node: it turns a row of probabilities into a map from class label to probability. */
export interface ZipMap {
  readonly node: Span;

  /** Name of the tensor of probabilities. */
  readonly input: string;

  /** Name of the sequence of maps. */
  readonly output: string;

  /** Labels of the classes, in the order of the columns. */
  readonly labels: readonly string[];
}

/** What is read from an ONNX file before the engine opens it. */
export interface OnnxFile {
  readonly irVersion: number;

  /** Version of each operator set that the model imports, by domain; `''` is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;

  /** The graph; `contents` is where its first field starts. */
  readonly graph: Span & { readonly contents: number };

  /** Outputs of the graph, by name. */
  readonly outputs: ReadonlyMap<string, Span>;

  /** ZipMap nodes of the graph that make one of its outputs. */
  readonly zipMaps: readonly ZipMap[];

  /** Inputs and outputs of the graph that are bfloat16. */
  readonly bfloat16: Bfloat16Values;

  /** Whether any tensor has its data in another file. */
  readonly externalData: boolean;
}

/**
 * Reads what decides how an ONNX file may be opened.
 *
 * @returns undefined when the file holds no graph
 * @throws WireError when it is not a protocol buffer
 */
export function readOnnx(source: ByteSource): OnnxFile | undefined {
  const opsets = new Map<string, number>();
  let irVersion = 0;
  let graph: OnnxFile['graph'] | undefined;
  let contents: GraphContents = {
    outputs: new Map(),
    zipMaps: [],
    bfloat16: { inputs: new Set(), outputs: new Set() },
  };
  let externalData = false;
  const model = new WireCursor(source, 0, source.length);
  while (model.next()) {
    switch (model.field) {
      case FIELDS.model.irVersion:
        irVersion = model.number;
        break;
      case FIELDS.model.opsetImport: {
        const [domain, version] = readOpset(model.message());
        opsets.set(domain, version);
        break;
      }
      case FIELDS.model.graph:
        graph = { start: model.tagStart, contents: model.start, end: model.end };
        contents = { ...readGraph(model.message()), bfloat16: bfloat16Values(() => model.message()) };
        externalData ||= graphUsesFiles(model.message(), 0);
        break;
      case FIELDS.model.functions:
        externalData ||= anyMessage(model.message(), { [FIELDS.functionBody.node]: nodeUsesFiles }, 0);
        break;
      case FIELDS.model.training:
        externalData ||= anyMessage(
          model.message(),
          { [FIELDS.training.initialization]: graphUsesFiles, [FIELDS.training.algorithm]: graphUsesFiles },
          0,
        );
        break;
    }
  }
  return graph === undefined ? undefined : { irVersion, opsets, graph, externalData, ...contents };
}

type GraphContents = Pick<OnnxFile, 'outputs' | 'zipMaps' | 'bfloat16'>;

function readOpset(opset: WireCursor): [domain: string, version: number] {
  let domain = '';
  let version = 0;
  while (opset.next()) {
    if (opset.field === FIELDS.opset.domain) {
      domain = opset.text();
    } else if (opset.field === FIELDS.opset.version) {
      version = opset.number;
    }
  }
  // 'ai.onnx' is another name of the default domain.
  return [domain === 'ai.onnx' ? '' : domain, version];
}

function readGraph(graph: WireCursor): Pick<OnnxFile, 'outputs' | 'zipMaps'> {
  const outputs = new Map<string, Span>();
  const candidates: ZipMap[] = [];
  while (graph.next()) {
    if (graph.field === FIELDS.graph.output) {
      outputs.set(graph.message().lastText(FIELDS.valueInfo.name), { start: graph.tagStart, end: graph.end });
    } else if (graph.field === FIELDS.graph.node) {
      const zipMap = readZipMap(graph.message(), { start: graph.tagStart, end: graph.end });
      if (zipMap !== undefined) {
        candidates.push(zipMap);
      }
    }
  }
  return { outputs, zipMaps: candidates.filter(({ output }) => outputs.has(output)) };
}

function readZipMap(node: WireCursor, span: Span): ZipMap | undefined {
  let opType = '';
  let input = '';
  let output = '';
  const attributes: WireCursor[] = [];
  while (node.next()) {
    switch (node.field) {
      case FIELDS.node.opType:
        opType = node.text();
        break;
      case FIELDS.node.input:
        input = node.text();
        break;
      case FIELDS.node.output:
        output = node.text();
        break;
      case FIELDS.node.attribute:
        attributes.push(node.message());
        break;
    }
  }
  return opType === 'ZipMap' ? { node: span, input, output, labels: attributes.flatMap(readLabels) } : undefined;
}

/** Values of `classlabels_int64s` or `classlabels_strings`; a ZipMap node has no other attributes. */
function readLabels(attribute: WireCursor): string[] {
  const labels: string[] = [];
  while (attribute.next()) {
    if (attribute.field === FIELDS.attribute.integers) {
      labels.push(...attribute.integers().map(String));
    } else if (attribute.field === FIELDS.attribute.strings) {
      labels.push(attribute.text());
    }
  }
  return labels;
}

/** Whether something in the message has its data in another file. */
type Check = (message: WireCursor, depth: number) => boolean;

/** Whether a check holds for any of the messages in the given fields. */
function anyMessage(message: WireCursor, checks: Readonly<Record<number, Check>>, depth: number): boolean {
  if (depth > MAX_GRAPH_DEPTH) {
    // Deeper than any real model: refused like a file that hides something.
    return true;
  }
  while (message.next()) {
    const check = checks[message.field];
    if (check?.(message.message(), depth + 1)) {
      return true;
    }
  }
  return false;
}

function tensorUsesFiles(tensor: WireCursor): boolean {
  while (tensor.next()) {
    const { field } = tensor;
    if (field === FIELDS.tensor.externalData || (field === FIELDS.tensor.dataLocation && tensor.number === EXTERNAL)) {
      return true;
    }
  }
  return false;
}

const SPARSE_TENSOR = {
  [FIELDS.sparseTensor.values]: tensorUsesFiles,
  [FIELDS.sparseTensor.indices]: tensorUsesFiles,
};
const sparseTensorUsesFiles: Check = (tensor, depth) => anyMessage(tensor, SPARSE_TENSOR, depth);

const ATTRIBUTE = {
  [FIELDS.attribute.tensor]: tensorUsesFiles,
  [FIELDS.attribute.tensors]: tensorUsesFiles,
  [FIELDS.attribute.sparse]: sparseTensorUsesFiles,
  [FIELDS.attribute.sparses]: sparseTensorUsesFiles,
  [FIELDS.attribute.graph]: graphUsesFiles,
  [FIELDS.attribute.graphs]: graphUsesFiles,
};

function attributeUsesFiles(attribute: WireCursor, depth: number): boolean {
  return anyMessage(attribute, ATTRIBUTE, depth);
}

const NODE = { [FIELDS.node.attribute]: attributeUsesFiles };

function nodeUsesFiles(node: WireCursor, depth: number): boolean {
  return anyMessage(node, NODE, depth);
}

function graphUsesFiles(graph: WireCursor, depth: number): boolean {
  return anyMessage(
    graph,
    {
      [FIELDS.graph.node]: nodeUsesFiles,
      [FIELDS.graph.initializer]: tensorUsesFiles,
      [FIELDS.graph.sparseInitializer]: sparseTensorUsesFiles,
    },
    depth,
  );
}
