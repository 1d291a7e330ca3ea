import { field, message, method, parametersEntry, repeated } from './definition';

/** Methods of the extensions that Triton adds to the service: the model repository and statistics. */
export const EXTENSION_METHODS = {
  RepositoryIndex: method('RepositoryIndex'),
  RepositoryModelLoad: method('RepositoryModelLoad'),
  RepositoryModelUnload: method('RepositoryModelUnload'),
  ModelStatistics: method('ModelStatistics'),
};

const CHANGE_REQUEST = message(
  {
    repository_name: field('string', 1),
    model_name: field('string', 2),
    parameters: repeated('ParametersEntry', 3),
  },
  { nested: parametersEntry('ModelRepositoryParameter') },
);

const DURATION = 'StatisticDuration';

/**
 * Messages of {@link EXTENSION_METHODS}, with the fields that the server has.
 *
 * @see https://github.com/triton-inference-server/common/blob/main/protobuf/grpc_service.proto
 */
export const EXTENSION_MESSAGES = {
  RepositoryIndexRequest: message({ repository_name: field('string', 1), ready: field('bool', 2) }),
  RepositoryIndexResponse: message(
    { models: repeated('ModelIndex', 1) },
    {
      nested: {
        ModelIndex: message({
          name: field('string', 1),
          version: field('string', 2),
          state: field('string', 3),
          reason: field('string', 4),
        }),
      },
    },
  ),
  RepositoryModelLoadRequest: CHANGE_REQUEST,
  RepositoryModelLoadResponse: message({}),
  RepositoryModelUnloadRequest: CHANGE_REQUEST,
  RepositoryModelUnloadResponse: message({}),
  ModelRepositoryParameter: message(
    {
      bool_param: field('bool', 1),
      int64_param: field('int64', 2),
      string_param: field('string', 3),
      bytes_param: field('bytes', 4),
    },
    { oneofs: { parameter_choice: { oneof: ['bool_param', 'int64_param', 'string_param', 'bytes_param'] } } },
  ),
  ModelStatisticsRequest: message({ name: field('string', 1), version: field('string', 2) }),
  ModelStatisticsResponse: message({ model_stats: repeated('ModelStatistics', 1) }),
  ModelStatistics: message({
    name: field('string', 1),
    version: field('string', 2),
    last_inference: field('uint64', 3),
    inference_count: field('uint64', 4),
    execution_count: field('uint64', 5),
    inference_stats: field('InferStatistics', 6),
    batch_stats: repeated('InferBatchStatistics', 7),
  }),
  InferStatistics: message({
    success: field(DURATION, 1),
    fail: field(DURATION, 2),
    queue: field(DURATION, 3),
    compute_input: field(DURATION, 4),
    compute_infer: field(DURATION, 5),
    compute_output: field(DURATION, 6),
    cache_hit: field(DURATION, 7),
    cache_miss: field(DURATION, 8),
  }),
  InferBatchStatistics: message({
    batch_size: field('uint64', 1),
    compute_input: field(DURATION, 2),
    compute_infer: field(DURATION, 3),
    compute_output: field(DURATION, 4),
  }),
  StatisticDuration: message({ count: field('uint64', 1), ns: field('uint64', 2) }),
};
