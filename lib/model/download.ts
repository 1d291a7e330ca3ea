import type { Duration, Size } from 'cdk8s';
import type { ISecret } from 'cdk8s-plus-28';
import { FETCH_DEFAULTS, MODEL_FILE, type ModelSourceConfig, PATHS, ROLES } from '../contract';
import {
  bytesOf,
  type Destination,
  destinationOf,
  isPrivate,
  mebibytes,
  millisOf,
  type Volume,
  type VolumeMount,
} from '../kubernetes';
import { checkDownload } from './download-rules';
import { type BoundSource, modelDirectory, type PodContext, type SourceBinding } from './source-binding';

/** Everything that the kinds of download have in common. */
export interface Download {
  readonly type: 's3' | 'gcs' | 'azure-blob' | 'https';
  readonly uri: string;
  readonly sha256: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: ISecret;
  readonly archiveMember?: string;
  readonly archiveSha256?: string;
  readonly maxSize?: Size;
  readonly timeout?: Duration;
  readonly allowPrivate?: boolean;
  readonly redirectHosts?: string[];
}

// Metadata services that give a pod its own identity where no secret is named. Cloud accounts of the node stay out of
// reach: those are behind other addresses, or behind the same one on other ports.
const IDENTITY: { readonly [type: string]: Destination[] } = {
  gcs: [
    { kind: 'address', address: '169.254.169.254', port: 80 },
    { kind: 'address', address: '169.254.169.252', port: 988 },
  ],
  s3: [
    { kind: 'address', address: '169.254.170.23', port: 80 },
    { kind: 'address', address: 'fd00:ec2::23', port: 80 },
  ],
};

/** A file of an object store or a web server, downloaded by an init container. */
export function download(input: Download): SourceBinding {
  const server = serverOf(input);
  const allowPrivate = input.allowPrivate ?? isPrivate(server);
  const modelBytes = input.maxSize === undefined ? undefined : bytesOf(input.maxSize);
  const timeoutMillis = input.timeout === undefined ? FETCH_DEFAULTS.timeoutMillis : millisOf(input.timeout);
  // An archive lies beside what is unpacked from it.
  const copies = input.archiveMember === undefined ? 1 : 2;
  return {
    sha256: input.sha256,
    onnx: undefined,
    modelBytes,
    downloadMillis: timeoutMillis,
    violations: checkDownload(input, server),
    volumeBytes: (maxModelBytes) => copies * maxModelBytes,
    bind: (context) => {
      const config: ModelSourceConfig = {
        type: input.type,
        uri: input.uri,
        endpoint: input.endpoint,
        region: input.region,
        credentialsPath: input.credentials && `${PATHS.credentials}/${input.credentials.name}`,
        archiveMember: input.archiveMember,
        archiveSha256: input.archiveSha256,
        maxBytes: context.maxModelBytes,
        timeoutMillis: Math.ceil(timeoutMillis),
        allowPrivate,
        redirectHosts: input.redirectHosts,
      };
      return bindDownload(context, config, copies * context.maxModelBytes, {
        credentials: input.credentials,
        egress: [
          server,
          ...(input.credentials === undefined && isOwnService(input) ? (IDENTITY[input.type] ?? []) : []),
        ],
      });
    },
  };
}

function bindDownload(
  context: PodContext,
  config: ModelSourceConfig,
  volumeBytes: number,
  access: { credentials: ISecret | undefined; egress: Destination[] },
): BoundSource {
  const { role } = context;
  const directory = modelDirectory(context);
  const volumes: Volume[] = [{ name: role, emptyDir: { sizeLimit: mebibytes(volumeBytes) } }];
  const mounts: VolumeMount[] = [{ name: role, mountPath: directory }, context.configMount, context.temporaryMount];
  if (access.credentials !== undefined && config.credentialsPath !== undefined) {
    volumes.push({
      name: `${role}-credentials`,
      // Readable for the group of the pod alone.
      secret: { secretName: access.credentials.name, defaultMode: 0o440 },
    });
    mounts.push({ name: `${role}-credentials`, mountPath: config.credentialsPath, readOnly: true });
  }
  return {
    path: `${directory}/${MODEL_FILE}`,
    download: config,
    volumes,
    mounts: [{ name: role, mountPath: directory, readOnly: true }],
    initContainers: [
      {
        name: ROLES.fetch,
        image: context.image,
        imagePullPolicy: context.imagePullPolicy,
        args: [ROLES.fetch, '--config', PATHS.config],
        env: context.env,
        resources: context.resources,
        volumeMounts: mounts,
      },
    ],
    egress: access.egress,
  };
}

/** Whether the storage provider itself is asked, not a server that speaks its protocol. */
function isOwnService({ endpoint }: Download): boolean {
  return endpoint === undefined;
}

function serverOf({ type, uri, endpoint }: Download): Destination {
  const address = endpoint ?? (type === 's3' || type === 'gcs' ? undefined : uri);
  return address !== undefined && URL.canParse(address)
    ? destinationOf(new URL(address))
    : { kind: 'external', port: 443 };
}
