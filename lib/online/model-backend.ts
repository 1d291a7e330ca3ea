import type { ServerConfig } from '../contract';
import type { Labels, Scaling } from '../kubernetes';
import type { PodIdentity } from './pod-identity';

/** What constructs in front of a model, and beside it, know of its pods. */
export interface ModelBackend {
  /** Name of all objects of the model. */
  readonly name: string;

  /** Namespace of its objects; absent = that of whoever applies the manifests. */
  readonly namespace: string | undefined;

  /** Host name of its Service. */
  readonly host: string;

  /** Labels that find its pods. */
  readonly selector: Labels;

  /** Smallest number of replicas. */
  readonly minReplicas: number;

  /** Longest time from a request to its answer, in milliseconds. */
  readonly budgetMillis: number;

  readonly maxBodyBytes: number;

  /** Whether the ports for requests speak TLS. */
  readonly encrypted: boolean;

  /** Whether clients have to have a certificate. */
  readonly clientCertificates: boolean;

  /** Whether the model itself asks for a key or a token. */
  readonly authenticated: boolean;
}

/** What is decided of pods that serve. */
export interface BackendSettings extends PodIdentity {
  readonly scaling: Scaling;
  readonly budgetMillis: number;
  readonly maxBodyBytes: number;
}

/** What there is to know of a model with such settings. */
export function backendOf(
  host: string,
  settings: BackendSettings,
  { tls, authentication }: Pick<ServerConfig, 'tls' | 'authentication'>,
): ModelBackend {
  return {
    name: settings.name,
    namespace: settings.namespace,
    host,
    selector: settings.selector,
    minReplicas: settings.scaling.minReplicas,
    budgetMillis: settings.budgetMillis,
    maxBodyBytes: settings.maxBodyBytes,
    encrypted: tls !== undefined,
    clientCertificates: tls?.clientCaPath !== undefined,
    authenticated: authentication !== undefined,
  };
}
