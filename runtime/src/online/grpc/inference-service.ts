import type {
  handleUnaryCall,
  ServerInterceptor,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { RUNTIME_VERSION } from '../../contract';
import {
  readEmptyRequest,
  readIndexRequest,
  readInferRequest,
  readModelRequest,
  writeFlag,
  writeIndex,
  writeModelMetadata,
  writeServerMetadata,
  writeStatistics,
} from '../../protocol';
import { EXTENSIONS } from '../extensions';
import { endpointOf, findModel, readyModel, versionsOf } from '../find-model';
import { changeRefused, indexOf } from '../repository';
import type { ServedModels } from '../served-models';
import { statisticsOf } from '../statistics';
import { unaryMethod } from './bytes-method';
import { Exchange, type ExchangeContext } from './exchange';
import { inferring } from './infer-call';
import { asRequestError, statusOf } from './status';

/** Full name of the service. */
export const INFERENCE_SERVICE = 'inference.GRPCInferenceService';

const INFER = 'ModelInfer';
const SERVER_NAME = 'model-serving';

/** What the service answers from. */
export interface InferenceContext extends ExchangeContext {
  readonly models: ServedModels;

  /** Whether the server takes new work: all models are loaded and warm, and it does not drain. */
  readonly isReady: () => boolean;
}

/** Answers a message with a message. */
type Method = (request: Buffer) => Buffer;

/**
 * The V2 protocol over gRPC: `GRPCInferenceService` of the Open Inference Protocol, with the extensions of Triton for the
 * repository and for statistics. `ModelInfer` is only named here; it is {@link inferInterceptor} that answers it.
 */
export function inferenceService(context: InferenceContext): [ServiceDefinition, UntypedServiceImplementation] {
  const methods = questions(context);
  const names = [...Object.keys(methods), INFER];
  return [Object.fromEntries(names.map((name) => [name, unaryMethod(pathOf(name))])), methods];
}

/** `ModelInfer`, the hot path: it goes round the handlers of the library. */
export function inferInterceptor(context: InferenceContext): ServerInterceptor {
  return inferring(pathOf(INFER), (call) => {
    try {
      const request = readInferRequest(call.request);
      const endpoint = endpointOf(context.models, 'grpc', request.model, named(request.version));
      new Exchange(context, endpoint, call).received(request);
    } catch (error) {
      call.fail(statusOf(asRequestError(error, context.logger)));
    }
  });
}

function pathOf(method: string): string {
  return `/${INFERENCE_SERVICE}/${method}`;
}

/** All methods but `ModelInfer`. */
function questions(context: InferenceContext): Record<string, handleUnaryCall<Buffer, Buffer>> {
  const { models, isReady } = context;
  const answers: Readonly<Record<string, Method>> = {
    ServerLive: (request) => {
      readEmptyRequest(request);
      return writeFlag(true);
    },
    ServerReady: (request) => {
      readEmptyRequest(request);
      return writeFlag(isReady());
    },
    ServerMetadata: (request) => {
      readEmptyRequest(request);
      return writeServerMetadata({ name: SERVER_NAME, version: RUNTIME_VERSION, extensions: EXTENSIONS });
    },
    ModelReady: (request) => {
      const { name, version } = readModelRequest(request);
      return writeFlag(models.get(findModel(models, name, named(version))) !== undefined);
    },
    ModelMetadata: (request) => {
      const { name, version } = readModelRequest(request);
      const { signature, platform, properties } = readyModel(models, name, named(version));
      const versions = models.registry.versions(name).map((other) => other.version);
      return writeModelMetadata({ name, versions, platform, properties: properties?.(), ...signature });
    },
    ModelStatistics: (request) => {
      const { name, version } = readModelRequest(request);
      const versions = name === '' ? models.registry.all : versionsOf(models, name, named(version));
      return writeStatistics(statisticsOf(models, versions));
    },
    RepositoryIndex: (request) => {
      const { ready } = readIndexRequest(request);
      return writeIndex(indexOf(models.registry.all, ready));
    },
    RepositoryModelLoad: refuseChange,
    RepositoryModelUnload: refuseChange,
  };
  return Object.fromEntries(
    Object.entries(answers).map(([name, answer]): [string, handleUnaryCall<Buffer, Buffer>] => [
      name,
      (call, reply) => {
        try {
          reply(null, answer(call.request));
        } catch (error) {
          reply(statusOf(asRequestError(error, context.logger)));
        }
      },
    ]),
  );
}

/** Refuses without a look at the message, as REST does. */
function refuseChange(): never {
  throw changeRefused();
}

/** A version as a message has it: empty = none is named. */
function named(version: string): string | undefined {
  return version === '' ? undefined : version;
}
