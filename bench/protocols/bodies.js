/* The same rows as each protocol sends them. */
const { rowsOf } = require('../models/rows');
const { inferFrame } = require('./grpc');

/** Protocols by name: what a request of some rows to a model is. */
exports.PROTOCOLS = {
  /** V1 of KServe's REST protocol. */
  v1: ({ features }, rows) => JSON.stringify({ instances: rowsOf(features, rows) }),
  /** The Open Inference Protocol over REST. */
  v2: ({ features, input }, rows) =>
    JSON.stringify({
      inputs: [{ name: input, datatype: 'FP32', shape: [rows, features], data: rowsOf(features, rows).flat() }],
    }),
  /** The Open Inference Protocol over gRPC. */
  grpc: ({ features, input }, rows) => inferFrame(input, rowsOf(features, rows)),
};
