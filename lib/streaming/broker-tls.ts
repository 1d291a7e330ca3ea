import type { ISecret } from 'cdk8s-plus-28';
import type { ClientTlsConfig } from '../contract';
import { checkMountedFile, checkSecret, type MountedFile, mountFile, mountSecret, type Violation } from '../kubernetes';
import type { PodAdditions } from '../online';

/** Keys of a Secret of the type `kubernetes.io/tls`. */
const CERTIFICATE = 'tls.crt';
const PRIVATE_KEY = 'tls.key';

/** TLS to a broker. */
export interface BrokerTls {
  /**
   * Certificates of the authorities to trust, in PEM.
   *
   * @default - those that the image trusts
   */
  readonly ca?: MountedFile;

  /**
   * Certificate of the client, for brokers that want one (mutual TLS): a Secret of the type `kubernetes.io/tls`, with `tls.crt` and
   * `tls.key`.
   *
   * @default - none
   */
  readonly certificate?: ISecret;
}

/** Keys of Secrets and ConfigMaps that TLS takes, by what they are for. */
export interface TlsFile {
  readonly use: 'ca' | 'cert' | 'key';
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly key: string;
}

/**
 * TLS as the runtime reads it, and what it adds to the pod.
 *
 * @param purpose start of the names of volumes, a DNS label
 */
export function renderBrokerTls(
  purpose: string,
  { ca, certificate }: BrokerTls,
): { config: ClientTlsConfig; additions: PodAdditions } {
  const mountedCa = ca && mountFile(`${purpose}-ca`, ca);
  const mounted = certificate && mountSecret(`${purpose}-tls`, certificate, [CERTIFICATE, PRIVATE_KEY]);
  const all = [mountedCa, mounted].filter((each) => each !== undefined);
  return {
    config: {
      caPath: mountedCa?.path,
      certificatePath: mounted && `${mounted.directory}/${CERTIFICATE}`,
      keyPath: mounted && `${mounted.directory}/${PRIVATE_KEY}`,
    },
    additions: { volumes: all.map(({ volume }) => volume), mounts: all.map(({ mount }) => mount) },
  };
}

/** Files that TLS takes, for whoever else speaks to the broker. */
export function tlsFiles({ ca, certificate }: BrokerTls): TlsFile[] {
  const ofCertificate = (use: 'cert' | 'key', key: string): TlsFile[] =>
    certificate === undefined ? [] : [{ use, kind: 'Secret', name: certificate.name, key }];
  return [
    ...(ca === undefined ? [] : [{ use: 'ca' as const, kind: ca._kind, name: ca._name, key: ca._key }]),
    ...ofCertificate('cert', CERTIFICATE),
    ...ofCertificate('key', PRIVATE_KEY),
  ];
}

/** Checks TLS as it is declared. */
export function checkBrokerTls(prop: string, { ca, certificate }: BrokerTls): Violation[] {
  return [
    ...(ca === undefined ? [] : checkMountedFile(`${prop}.tls.ca`, ca)),
    ...(certificate === undefined ? [] : checkSecret(`${prop}.tls.certificate`, certificate)),
  ];
}
