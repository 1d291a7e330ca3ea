/**
 * Extensions of the Open Inference Protocol that the server has, as its metadata names them over REST and gRPC.
 *
 * @see https://github.com/triton-inference-server/server/tree/main/docs/protocol
 */
export const EXTENSIONS: readonly string[] = [
  'binary_tensor_data',
  'parameters',
  'schedule_policy',
  'model_repository',
  'statistics',
];
