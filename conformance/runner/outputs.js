// The output tensors of an answer in one form, whichever way they came: name, datatype, shape and flat data.
const { decodeTensor } = require('./tensors');

/** Field of typed contents by datatype. */
const CONTENTS = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};

/**
 * The outputs of an answer over REST.
 *
 * @param json the JSON part of the answer
 * @param binary what follows it
 */
function restOutputs({ outputs }, binary) {
  let at = 0;
  const decoded = outputs.map(({ name, datatype, shape, data, parameters }) => {
    const size = parameters?.binary_data_size;
    if (size === undefined) {
      return {
        name,
        datatype,
        shape,
        data: Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY) : data,
        form: 'json',
      };
    }
    const bytes = binary.subarray(at, at + size);
    at += size;
    if (bytes.length !== size) {
      throw new Error(`output ${name} has ${bytes.length} of its ${size} bytes`);
    }
    return { name, datatype, shape, data: decodeTensor(datatype, bytes), form: 'binary' };
  });
  if (at !== binary.length) {
    throw new Error(`the binary part has ${binary.length} bytes, the outputs need ${at}`);
  }
  return decoded;
}

/** The outputs of an answer over gRPC. */
function grpcOutputs({ outputs = [], raw_output_contents: raw = [] }) {
  if (raw.length > 0 && raw.length !== outputs.length) {
    throw new Error(`${raw.length} raw contents for ${outputs.length} outputs`);
  }
  return outputs.map(({ name, datatype, shape = [], contents }, index) => {
    const common = { name, datatype, shape: shape.map(Number) };
    if (raw.length > 0) {
      return { ...common, data: decodeTensor(datatype, raw[index]), form: 'raw' };
    }
    const elements = contents?.[CONTENTS[datatype]] ?? [];
    return { ...common, data: elements.map((element) => plain(element, datatype)), form: 'typed' };
  });
}

function plain(element, datatype) {
  if (datatype === 'BYTES') {
    return element.toString('utf8');
  }
  return datatype.endsWith('INT64') ? BigInt(element) : element;
}

module.exports = { grpcOutputs, restOutputs };
