import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import type { FailedStatus } from './status';

/** Takes a call whose request has arrived. */
export type InferHandler = (call: InferCall) => void;

/**
 * One call of `ModelInfer`.
 *
 * It takes the place of the handler that the library runs for a method, because that makes a stream and its listeners for
 * every call, and writes the status of an answer only after the answer has left: together a fifth of a small prediction.
 */
export class InferCall extends ServerInterceptingCall {
  private received: Buffer | undefined;

  /** Nobody waits for the answer any more: the client left, or the call's deadline has passed. */
  cancelled = false;

  /** What the client sent beside its message. */
  metadata = new Metadata();

  constructor(
    private readonly inner: ServerInterceptingCallInterface,
    private readonly handler: InferHandler,
  ) {
    super(inner);
  }

  /** The message. */
  get request(): Buffer {
    return this.received ?? Buffer.alloc(0);
  }

  override start(): void {
    this.inner.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.metadata = metadata;
    this.inner.startRead();
  }

  onReceiveMessage(message: Buffer): void {
    if (this.received === undefined) {
      this.received = message;
      this.inner.startRead();
    } else {
      this.fail({ code: status.UNIMPLEMENTED, details: 'ModelInfer takes one message; found a second.' });
    }
  }

  onReceiveHalfClose(): void {
    if (this.received === undefined) {
      this.fail({ code: status.UNIMPLEMENTED, details: 'ModelInfer takes one message; found none.' });
    } else {
      this.handler(this);
    }
  }

  onCancel(): void {
    this.cancelled = true;
  }

  /** Ends the call with an answer. */
  answer(message: Buffer, trailer: Metadata | undefined): void {
    this.inner.sendMessage(message, nothing);
    this.inner.sendStatus({ code: status.OK, details: 'OK', metadata: trailer });
  }

  /** Ends the call with an error. */
  fail(failed: FailedStatus): void {
    this.inner.sendStatus(failed);
  }
}

/** Hands the calls of a method over. */
export function inferring(method: string, handler: InferHandler): ServerInterceptor {
  return ({ path }, call) => (path === method ? new InferCall(call, handler) : new ServerInterceptingCall(call));
}

function nothing(): void {
  // An answer that cannot be written has no reader any more.
}
