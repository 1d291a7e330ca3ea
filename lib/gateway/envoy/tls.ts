import { GATEWAY_PATHS } from '../../contract';
import type { Json } from '../../kubernetes';
import type { ModelBackend } from '../../online';
import type { Protocol } from './names';
import { typed } from './typed';

/** Directory of the files of Envoy's configuration. */
const DIRECTORY = GATEWAY_PATHS.bootstrap.replace(/\/[^/]*$/, '');

const LEAST_VERSION = 'TLSv1_2';

/** Files that secrets of Envoy are read from: a certificate and its key, or certificates of authorities. */
export interface SecretFiles {
  /** Name of the secret in Envoy, and of the file that describes it. */
  readonly name: string;
  /** Directory of the files; a change of what is in it counts without a restart. */
  readonly directory: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly authorities?: string;
}

/** Secrets of the connections to models. */
export interface UpstreamTls {
  readonly authorities?: SecretFiles;
  readonly certificate?: SecretFiles;
}

/** Secrets of the connections of clients. */
export interface DownstreamTls {
  readonly certificate: SecretFiles;
  readonly authorities?: SecretFiles;
}

/** TLS of the port for requests. */
export function downstreamTls({ certificate, authorities }: DownstreamTls): Json {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      require_client_certificate: authorities === undefined ? undefined : true,
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: LEAST_VERSION },
        alpn_protocols: ['h2', 'http/1.1'],
        tls_certificate_sds_secret_configs: [secretConfig(certificate)],
        validation_context_sds_secret_config: authorities && secretConfig(authorities),
      },
    }),
  };
}

/** TLS of the connections to a model, whose certificate has to name its Service. */
export function upstreamTls(
  { host }: ModelBackend,
  protocol: Protocol,
  { authorities, certificate }: UpstreamTls,
): Json {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni: host,
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: LEAST_VERSION },
        alpn_protocols: [protocol === 'grpc' ? 'h2' : 'http/1.1'],
        tls_certificate_sds_secret_configs: certificate && [secretConfig(certificate)],
        combined_validation_context: authorities && {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: host } }],
          },
          validation_context_sds_secret_config: secretConfig(authorities),
        },
      },
    }),
  };
}

/** Name of the file, beside the bootstrap, that describes a secret. */
export function secretFile({ name }: SecretFiles): string {
  return `${name}.json`;
}

/** Content of that file. The files that it names are read again when they change. */
export function renderSecret({ name, directory, certificate, key, authorities }: SecretFiles): Json {
  const watched = { watched_directory: { path: directory } };
  const content =
    authorities === undefined
      ? {
          tls_certificate: { certificate_chain: { filename: certificate }, private_key: { filename: key }, ...watched },
        }
      : { validation_context: { trusted_ca: { filename: authorities }, ...watched } };
  return { resources: [typed('envoy.extensions.transport_sockets.tls.v3.Secret', { name, ...content })] };
}

function secretConfig(files: SecretFiles): Json {
  return {
    name: files.name,
    sds_config: {
      resource_api_version: 'V3',
      path_config_source: {
        path: `${DIRECTORY}/${secretFile(files)}`,
        watched_directory: { path: DIRECTORY },
      },
    },
  };
}
