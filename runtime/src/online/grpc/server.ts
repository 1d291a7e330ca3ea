import type { Duplex } from 'node:stream';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Authenticator } from '../../security';
import type { ServingLimits } from '../limits';
import { authenticating } from './authentication';
import { Connections } from './connections';
import { HealthService } from './health-service';
import { type InferenceContext, inferenceService, inferInterceptor } from './inference-service';

/** Options of {@link GrpcServer}. */
export interface GrpcServerOptions extends InferenceContext {
  readonly limits: ServingLimits;

  /** Undefined = everybody may send requests. */
  readonly authenticator: Authenticator | undefined;
}

/** A connection whose other end does not answer a ping within 20 seconds is closed. */
const PING_MILLIS = 60_000;

/** The gRPC server behind the port. It listens nowhere: connections are handed to it. */
export class GrpcServer {
  private readonly server: Server;
  private readonly connections: Connections;
  private readonly health: HealthService;
  private readonly inject: (connection: Duplex) => void;
  private draining = false;

  constructor({ limits, authenticator, ...context }: GrpcServerOptions) {
    const { models, isReady, logger } = context;
    this.server = new Server({
      interceptors: [
        ...(authenticator === undefined ? [] : [authenticating(authenticator, logger)]),
        inferInterceptor(context),
      ],
      'grpc.max_receive_message_length': limits.bodyBytes,
      // Answers are measured before they are written.
      'grpc.max_send_message_length': -1,
      'grpc.max_metadata_size': limits.headerBytes,
      'grpc.keepalive_time_ms': PING_MILLIS,
      'grpc.max_concurrent_streams': limits.batcher.queuedRequests,
      // A diagnosis service that nobody can reach, paid for by every call.
      'grpc.enable_channelz': 0,
    });
    this.health = new HealthService(models, isReady, () => this.draining, logger);
    this.server.addService(...inferenceService(context));
    this.server.addService(...this.health.service);
    const injector = this.server.createConnectionInjector(ServerCredentials.createInsecure());
    this.inject = (connection) => injector.injectConnection(connection);
    this.connections = new Connections(
      this.server,
      limits,
      once(() => this.loadReflection()),
    );
  }

  /** Serves a connection: plain, or behind TLS that has been negotiated. */
  accept(connection: Duplex): void {
    this.inject(connection);
  }

  /** Models have become ready, or not ready any more. */
  refresh(): void {
    this.health.refresh();
  }

  /** Says that the server goes. Calls are answered until {@link end}. */
  announceEnd(): void {
    this.draining = true;
    this.health.refresh();
    this.connections.announceEnd();
  }

  /** Takes no further calls. Connections are closed when their calls are answered. */
  end(): void {
    this.health.end();
    this.connections.endReflections();
    this.server.tryShutdown(() => undefined);
  }

  private loadReflection(): void {
    const { addReflection } = require('./reflection') as typeof import('./reflection');
    addReflection(this.server);
  }
}

/** A function that does its work the first time alone. */
function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) {
      done = true;
      work();
    }
  };
}
