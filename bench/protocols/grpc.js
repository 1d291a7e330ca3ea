/* ModelInfer of the Open Inference Protocol over gRPC, by hand: the load generator sends bytes, not objects. */
const http2 = require('node:http2');

/** Path of the method that makes predictions. */
exports.MODEL_INFER = '/inference.GRPCInferenceService/ModelInfer';

const LENGTH_DELIMITED = 2;
const MODEL_NAME = 1;
const INPUTS = 5;
const RAW_CONTENTS = 7;
const TENSOR = { name: 1, datatype: 2, shape: 3 };
const DEADLINE_MILLIS = 10_000;

/** The message with its prefix, as it goes over the wire; the rows as raw bytes, as clients send them. */
exports.inferFrame = (input, rows) => {
  const tensor = Buffer.concat([
    field(TENSOR.name, Buffer.from(input)),
    field(TENSOR.datatype, Buffer.from('FP32')),
    field(TENSOR.shape, Buffer.concat([varint(rows.length), varint(rows[0].length)])),
  ]);
  const numbers = Buffer.from(Float32Array.from(rows.flat()).buffer);
  const message = Buffer.concat([
    field(MODEL_NAME, Buffer.from('iris')),
    field(INPUTS, tensor),
    field(RAW_CONTENTS, numbers),
  ]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};

/** Makes one call; resolves with the status of gRPC (0 = OK), undefined when nothing answers. */
exports.callOnce = (port, frame) =>
  new Promise((resolve) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const finish = (status) => {
      session.destroy();
      resolve(status);
    };
    session.on('error', () => finish(undefined));
    const call = session.request({
      ':method': 'POST',
      ':path': exports.MODEL_INFER,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    // A call that fails at once has its status in the only headers.
    const note = (headers) => {
      status = headers['grpc-status'] ?? status;
    };
    let status;
    call.on('response', note);
    call.on('trailers', note);
    call.on('error', () => finish(undefined));
    call.on('end', () => finish(status === undefined ? undefined : Number(status)));
    call.setTimeout(DEADLINE_MILLIS, () => finish(undefined));
    call.resume();
    call.end(frame);
  });

function field(number, bytes) {
  return Buffer.concat([varint((number << 3) | LENGTH_DELIMITED), varint(bytes.length), bytes]);
}

function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) {
    bytes.push((rest % 0x80) | 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
