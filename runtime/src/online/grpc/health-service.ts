import type {
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { HEALTH, type HealthStatus, RequestError, readHealthRequest, shown, writeHealth } from '../../protocol';
import type { Logger } from '../../telemetry';
import type { ServedModels } from '../served-models';
import { serverStreamingMethod, unaryMethod } from './bytes-method';
import { INFERENCE_SERVICE } from './inference-service';
import { asRequestError, statusOf } from './status';

/** Full name of the service. */
export const HEALTH_SERVICE = 'grpc.health.v1.Health';

type BytesCall = ServerUnaryCall<Buffer, Buffer>;
type Watch = ServerWritableStream<Buffer, Buffer>;

/** What somebody watches, and what was said last. */
interface Watched {
  readonly service: string;
  last: HealthStatus | undefined;
}

/**
 * The health protocol of gRPC, which the probes of Kubernetes speak. Services are the server itself (the empty name),
 * the inference service, and each model by its name.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export class HealthService {
  private readonly watches = new Map<Watch, Watched>();

  constructor(
    private readonly models: ServedModels,
    private readonly isReady: () => boolean,
    private readonly isDraining: () => boolean,
    private readonly logger: Logger,
  ) {}

  /** The service, as a server takes it. */
  get service(): [ServiceDefinition, UntypedServiceImplementation] {
    return [
      {
        Check: unaryMethod(`/${HEALTH_SERVICE}/Check`),
        Watch: serverStreamingMethod(`/${HEALTH_SERVICE}/Watch`),
      },
      {
        Check: (call: BytesCall, reply: sendUnaryData<Buffer>) => this.check(call, reply),
        Watch: (call: Watch) => this.watch(call),
      },
    ];
  }

  /** Tells all who watch what has changed. */
  refresh(): void {
    for (const [call, watched] of this.watches) {
      const status = this.statusOf(watched.service) ?? HEALTH.serviceUnknown;
      if (status !== watched.last) {
        watched.last = status;
        call.write(writeHealth(status));
      }
    }
  }

  /** Ends all watches: they would keep their connections open. */
  end(): void {
    const error = statusOf(new RequestError(503, 'The server stops.'));
    for (const call of this.watches.keys()) {
      call.emit('error', error);
    }
  }

  private check(call: BytesCall, reply: sendUnaryData<Buffer>): void {
    try {
      const service = readHealthRequest(call.request);
      const status = this.statusOf(service);
      if (status === undefined) {
        throw new RequestError(404, `There is no service and no model ${shown(service)}.`);
      }
      reply(null, writeHealth(status));
    } catch (error) {
      reply(statusOf(asRequestError(error, this.logger)));
    }
  }

  private watch(call: Watch): void {
    try {
      this.watches.set(call, { service: readHealthRequest(call.request), last: undefined });
    } catch (error) {
      call.emit('error', statusOf(asRequestError(error, this.logger)));
      return;
    }
    call.once('close', () => this.watches.delete(call));
    call.once('cancelled', () => this.watches.delete(call));
    this.refresh();
  }

  /** undefined when there is no such service. */
  private statusOf(service: string): HealthStatus | undefined {
    if (service === '' || service === INFERENCE_SERVICE) {
      return this.isReady() ? HEALTH.serving : HEALTH.notServing;
    }
    const found = this.models.registry.find(service);
    if (found === undefined) {
      return undefined;
    }
    return this.models.get(found) !== undefined && !this.isDraining() ? HEALTH.serving : HEALTH.notServing;
  }
}
