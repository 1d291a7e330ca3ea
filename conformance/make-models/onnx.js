// Writes ONNX files. Field numbers: onnx.proto of github.com/onnx/onnx.

const FLOAT = 1;
const INT64 = 7;
const BOOL = 9;
const IR_VERSION = 8;
const OPSET = 17;

/** An unsigned number in seven bits a byte. A negative one has 64 bits. */
function varint(number) {
  let rest = BigInt.asUintN(64, BigInt(number));
  const bytes = [];
  for (; rest > 0x7fn; rest >>= 7n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
  return Buffer.from([...bytes, Number(rest)]);
}

const number = (field, content) => Buffer.concat([varint(field * 8), varint(content)]);

function message(field, ...contents) {
  const bytes = Buffer.concat(contents.flat().map((content) => Buffer.from(content)));
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

/** A node without name. */
function node(operator, inputs, outputs, attributes = []) {
  return Buffer.concat([
    ...inputs.map((name) => message(1, name)),
    ...outputs.map((name) => message(2, name)),
    message(4, operator),
    ...attributes.map((content) => message(5, content)),
  ]);
}

/** Attributes of a node. */
const attribute = {
  int: (name, content) => Buffer.concat([message(1, name), number(3, content), number(20, 2)]),
  tensor: (name, content) => Buffer.concat([message(1, name), message(5, content), number(20, 4)]),
  graph: (name, content) => Buffer.concat([message(1, name), message(6, content), number(20, 5)]),
};

/** An input or output; a size that is text is an open dimension. */
function value(name, type, shape) {
  const sizes = shape.map((size) => message(1, typeof size === 'number' ? number(1, size) : message(2, size)));
  return Buffer.concat([message(1, name), message(2, message(1, number(1, type), message(2, sizes)))]);
}

/** A constant of the graph: FP32, INT64 or BOOL. */
function constant(name, type, shape, values) {
  const arrays = { [FLOAT]: Float32Array, [INT64]: BigInt64Array, [BOOL]: Uint8Array };
  const data = arrays[type].from(values, (element) => (type === INT64 ? BigInt(element) : element));
  return Buffer.concat([
    ...shape.map((size) => number(1, size)),
    number(2, type),
    message(8, name),
    message(9, Buffer.from(data.buffer)),
  ]);
}

/** A graph, also one inside of an attribute. */
function graph({ inputs, outputs, nodes, constants = [] }) {
  return Buffer.concat([
    ...nodes.map((content) => message(1, content)),
    message(2, 'conformance'),
    ...constants.map((content) => message(5, content)),
    ...inputs.map((content) => message(11, content)),
    ...outputs.map((content) => message(12, content)),
  ]);
}

/** A whole file. */
function buildModel(content) {
  return Buffer.concat([
    number(1, IR_VERSION),
    message(2, 'conformance'),
    message(7, graph(content)),
    message(8, message(1, ''), number(2, OPSET)),
  ]);
}

module.exports = { attribute, buildModel, constant, graph, node, value };
