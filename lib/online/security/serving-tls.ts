import type { ISecret } from 'cdk8s-plus-28';
import type { TlsConfig } from '../../contract';
import {
  checkMountedFile,
  checkSecret,
  type MountedFile,
  mountFile,
  mountSecret,
  type Violation,
} from '../../kubernetes';
import type { PodAdditions } from '../pod-additions';

const CERTIFICATE = 'tls.crt';
const PRIVATE_KEY = 'tls.key';

/** Options of {@link ServingTls.secret}. */
export interface ServingTlsOptions {
  /**
   * Certificates of the authorities that sign the certificates of clients, in PEM: every client then has to have one.
   * Probes ask the port of the metrics, because the kubelet has none.
   *
   * @default - clients need no certificate
   */
  readonly clientCa?: MountedFile;
}

/** TLS of the ports that serve, REST and gRPC. The metrics stay plain. */
export class ServingTls {
  /**
   * A Secret of the type `kubernetes.io/tls`, as cert-manager makes it: certificate and chain in `tls.crt`, private key in
   * `tls.key`. A renewed certificate counts without a restart.
   *
   * @param secret Secret in the namespace of the pods
   * @param options certificates of clients
   */
  public static secret(secret: ISecret, options: ServingTlsOptions = {}): ServingTls {
    return new ServingTls(secret, options.clientCa);
  }

  /** @internal */
  public readonly _secret: ISecret;

  /** @internal */
  public readonly _clientCa: MountedFile | undefined;

  private constructor(secret: ISecret, clientCa: MountedFile | undefined) {
    this._secret = secret;
    this._clientCa = clientCa;
  }
}

/** TLS as the runtime reads it, and what it adds to the pod. */
export function renderServingTls(tls: ServingTls): { config: TlsConfig; additions: PodAdditions } {
  const secret = mountSecret('tls', tls._secret, [CERTIFICATE, PRIVATE_KEY]);
  const clientCa = tls._clientCa && mountFile('client-ca', tls._clientCa);
  return {
    config: {
      certificatePath: `${secret.directory}/${CERTIFICATE}`,
      keyPath: `${secret.directory}/${PRIVATE_KEY}`,
      clientCaPath: clientCa?.path,
    },
    additions: {
      volumes: [secret.volume, ...(clientCa === undefined ? [] : [clientCa.volume])],
      mounts: [secret.mount, ...(clientCa === undefined ? [] : [clientCa.mount])],
    },
  };
}

/** Checks TLS as it is declared. */
export function checkServingTls({ _secret: secret, _clientCa: clientCa }: ServingTls): Violation[] {
  return [
    ...checkSecret('ServingTls.secret', secret),
    ...(clientCa === undefined ? [] : checkMountedFile('tls.clientCa', clientCa)),
  ];
}
