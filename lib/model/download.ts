import type { Duration, Size } from 'cdk8s';
import type { ISecret } from 'cdk8s-plus-28';
import { FETCH_DEFAULTS, MODEL_FILE, type ModelSourceConfig, PATHS, ROLES } from '../contract';
import { bytesOf, type Destination, mebibytes, millisOf, type Volume, type VolumeMount } from '../kubernetes';
import { checkDownload } from './download-rules';
import { mayBePrivate, type StoredObject, storeServers } from './object-store';
import { type BoundSource, modelDirectory, type PodContext, type SourceBinding } from './source-binding';

/** Everything that the kinds of download have in common. */
export interface Download extends StoredObject {
  readonly sha256: string;
  readonly archiveMember?: string;
  readonly archiveSha256?: string;
  readonly maxSize?: Size;
  readonly timeout?: Duration;
  readonly redirectHosts?: string[];
}

/** A file of an object store or a web server, downloaded by an init container. */
export function download(input: Download): SourceBinding {
  const modelBytes = input.maxSize === undefined ? undefined : bytesOf(input.maxSize);
  const timeoutMillis = input.timeout === undefined ? FETCH_DEFAULTS.timeoutMillis : millisOf(input.timeout);
  // An archive lies beside what is unpacked from it.
  const copies = input.archiveMember === undefined ? 1 : 2;
  return {
    sha256: input.sha256,
    onnx: undefined,
    modelBytes,
    downloadMillis: timeoutMillis,
    violations: checkDownload(input),
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
        allowPrivate: mayBePrivate(input),
        redirectHosts: input.redirectHosts,
      };
      return bindDownload(context, config, copies * context.maxModelBytes, {
        credentials: input.credentials,
        egress: storeServers(input),
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
