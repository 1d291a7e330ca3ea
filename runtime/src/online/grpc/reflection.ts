import type { Server } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HEALTH_DEFINITION, INFERENCE_DEFINITION } from './definitions';

/** Adds the reflection service, v1 and v1alpha, which tells tools such as grpcurl the methods and their messages. */
export function addReflection(server: Server): void {
  const options = { keepCase: true };
  new ReflectionService({
    ...fromJSON(INFERENCE_DEFINITION, options),
    ...fromJSON(HEALTH_DEFINITION, options),
  }).addToServer(server);
}
