import { field, type Message, mapEntry, message, method, parametersEntry, repeated } from './definition';
import { EXTENSION_MESSAGES, EXTENSION_METHODS } from './extension-definitions';

/**
 * The messages and services of the gRPC port, for the reflection service, in the form that protobufjs reads. Messages are
 * read and written by hand in the room of the protocol.
 *
 * @see https://github.com/kserve/open-inference-protocol
 * @see https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto
 */

const PARAMETERS_ENTRY = parametersEntry('InferParameter');

/** The package `inference`. */
export const INFERENCE_DEFINITION = {
  nested: {
    inference: {
      nested: {
        GRPCInferenceService: {
          methods: {
            ServerLive: method('ServerLive'),
            ServerReady: method('ServerReady'),
            ModelReady: method('ModelReady'),
            ServerMetadata: method('ServerMetadata'),
            ModelMetadata: method('ModelMetadata'),
            ModelInfer: method('ModelInfer'),
            ...EXTENSION_METHODS,
          },
        },
        ServerLiveRequest: message({}),
        ServerLiveResponse: message({ live: field('bool', 1) }),
        ServerReadyRequest: message({}),
        ServerReadyResponse: message({ ready: field('bool', 1) }),
        ModelReadyRequest: message({ name: field('string', 1), version: field('string', 2) }),
        ModelReadyResponse: message({ ready: field('bool', 1) }),
        ServerMetadataRequest: message({}),
        ServerMetadataResponse: message({
          name: field('string', 1),
          version: field('string', 2),
          extensions: repeated('string', 3),
        }),
        ModelMetadataRequest: message({ name: field('string', 1), version: field('string', 2) }),
        ModelMetadataResponse: message(
          {
            name: field('string', 1),
            versions: repeated('string', 2),
            platform: field('string', 3),
            inputs: repeated('TensorMetadata', 4),
            outputs: repeated('TensorMetadata', 5),
            properties: repeated('PropertiesEntry', 6),
          },
          {
            nested: {
              PropertiesEntry: mapEntry('string'),
              TensorMetadata: message({
                name: field('string', 1),
                datatype: field('string', 2),
                shape: repeated('int64', 3),
              }),
            },
          },
        ),
        ModelInferRequest: message(
          {
            model_name: field('string', 1),
            model_version: field('string', 2),
            id: field('string', 3),
            parameters: repeated('ParametersEntry', 4),
            inputs: repeated('InferInputTensor', 5),
            outputs: repeated('InferRequestedOutputTensor', 6),
            raw_input_contents: repeated('bytes', 7),
          },
          {
            nested: {
              ...PARAMETERS_ENTRY,
              InferInputTensor: tensor(),
              InferRequestedOutputTensor: message(
                { name: field('string', 1), parameters: repeated('ParametersEntry', 2) },
                { nested: PARAMETERS_ENTRY },
              ),
            },
          },
        ),
        ModelInferResponse: message(
          {
            model_name: field('string', 1),
            model_version: field('string', 2),
            id: field('string', 3),
            parameters: repeated('ParametersEntry', 4),
            outputs: repeated('InferOutputTensor', 5),
            raw_output_contents: repeated('bytes', 6),
          },
          { nested: { ...PARAMETERS_ENTRY, InferOutputTensor: tensor() } },
        ),
        InferParameter: message(
          {
            bool_param: field('bool', 1),
            int64_param: field('int64', 2),
            string_param: field('string', 3),
            double_param: field('double', 4),
            uint64_param: field('uint64', 5),
          },
          {
            oneofs: {
              parameter_choice: {
                oneof: ['bool_param', 'int64_param', 'string_param', 'double_param', 'uint64_param'],
              },
            },
          },
        ),
        InferTensorContents: message({
          bool_contents: repeated('bool', 1),
          int_contents: repeated('int32', 2),
          int64_contents: repeated('int64', 3),
          uint_contents: repeated('uint32', 4),
          uint64_contents: repeated('uint64', 5),
          fp32_contents: repeated('float', 6),
          fp64_contents: repeated('double', 7),
          bytes_contents: repeated('bytes', 8),
        }),
        ...EXTENSION_MESSAGES,
      },
    },
  },
};

/** The package `grpc.health.v1`. */
export const HEALTH_DEFINITION = {
  nested: {
    grpc: {
      nested: {
        health: {
          nested: {
            v1: {
              nested: {
                Health: {
                  methods: {
                    Check: method('HealthCheck'),
                    Watch: method('HealthCheck', { responseStream: true }),
                  },
                },
                HealthCheckRequest: message({ service: field('string', 1) }),
                HealthCheckResponse: message(
                  { status: field('ServingStatus', 1) },
                  {
                    nested: {
                      ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } },
                    },
                  },
                ),
              },
            },
          },
        },
      },
    },
  },
};

/** `InferInputTensor` and `InferOutputTensor`. */
function tensor(): Message {
  return message(
    {
      name: field('string', 1),
      datatype: field('string', 2),
      shape: repeated('int64', 3),
      parameters: repeated('ParametersEntry', 4),
      contents: field('InferTensorContents', 5),
    },
    { nested: PARAMETERS_ENTRY },
  );
}
