import type { MethodDefinition } from '@grpc/grpc-js';

/** A method whose messages stay bytes, to be read and written where errors of them can be answered. */
export type BytesMethod = MethodDefinition<Buffer, Buffer>;

/** A method with one message each way. */
export function unaryMethod(path: string): BytesMethod {
  return { ...serverStreamingMethod(path), responseStream: false };
}

/** A method that answers one message with any number. */
export function serverStreamingMethod(path: string): BytesMethod {
  return {
    path,
    requestStream: false,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

function asIs(message: Buffer): Buffer {
  return message;
}
