import type { Duration, Size } from 'cdk8s';
import type { ImagePullPolicy, IPersistentVolumeClaim, ISecret } from 'cdk8s-plus-28';
import { carriedFile } from './carried-file';
import { download } from './download';
import { claimedFile, imageFile } from './mounted';
import type { SourceBinding } from './source-binding';

/** What every downloaded model has. */
export interface DownloadOptions {
  /** SHA-256 of the model file: 64 lower-case hexadecimal digits, as `sha256sum model.onnx` prints. */
  readonly sha256: string;

  /**
   * Secret with the credentials. It is mounted as files into the container that downloads, and nowhere else.
   *
   * Keys: for s3 `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and optionally `AWS_SESSION_TOKEN`; for gcs
   * `service-account.json`; for azureBlob `AZURE_STORAGE_ACCOUNT` and `AZURE_STORAGE_KEY`; for https `authorization`,
   * the value of the header.
   *
   * @default - the workload identity of the pod's service account, or anonymous
   */
  readonly credentials?: ISecret;

  /**
   * Largest download accepted. It also sizes the volume of the model, and the default of the memory.
   *
   * @default - what the memory limit of the container can load, at most 2 GiB
   */
  readonly maxSize?: Size;

  /**
   * Longest time for one attempt to download.
   *
   * @default Duration.minutes(10)
   */
  readonly timeout?: Duration;

  /**
   * Path of the model file inside the download, when that is a tar, tar.gz or zip archive.
   *
   * @default - the download is the model file
   */
  readonly archiveMember?: string;

  /**
   * SHA-256 of the archive itself, checked before it is unpacked.
   *
   * @default - only the model file is checked
   */
  readonly archiveSha256?: string;

  /**
   * Whether the server may have a private address, and may be read without encryption.
   *
   * @default - true when the address names a Service of the cluster or a private address, else false
   */
  readonly allowPrivate?: boolean;
}

/** Options of {@link ModelSource.s3}. */
export interface S3SourceOptions extends DownloadOptions {
  /**
   * Address of a server that speaks the S3 protocol, for example `http://minio.storage:9000`.
   *
   * @default - Amazon S3
   */
  readonly endpoint?: string;

  /**
   * Region of the bucket.
   *
   * @default - what the client finds out
   */
  readonly region?: string;
}

/** Options of {@link ModelSource.gcs}. */
export interface GcsSourceOptions extends DownloadOptions {
  /**
   * Address of a server that speaks the protocol of Google Cloud Storage.
   *
   * @default - Google Cloud Storage
   */
  readonly endpoint?: string;
}

/** Options of {@link ModelSource.azureBlob}. */
export interface AzureBlobSourceOptions extends DownloadOptions {}

/** Options of {@link ModelSource.https}. */
export interface HttpsSourceOptions extends DownloadOptions {
  /**
   * Hosts that a redirect may lead to, for example the content network of a model hub.
   *
   * @default - the host of the address alone
   */
  readonly redirectHosts?: string[];
}

/** Options of {@link ModelSource.persistentVolumeClaim} and {@link ModelSource.persistentVolumeClaimByName}. */
export interface PersistentVolumeClaimSourceOptions {
  /** SHA-256 of the model file: 64 lower-case hexadecimal digits, as `sha256sum model.onnx` prints. */
  readonly sha256: string;
}

/** Options of {@link ModelSource.image}. */
export interface ImageSourceOptions {
  /** SHA-256 of the model file: 64 lower-case hexadecimal digits, as `sha256sum model.onnx` prints. */
  readonly sha256: string;

  /**
   * Mounts the image as a volume, instead of copying the file out of it. It needs no program in the image and no second
   * copy on the node, and Kubernetes 1.35, or 1.33 with the feature gate ImageVolume.
   *
   * @default false
   */
  readonly imageVolume?: boolean;

  /**
   * When the kubelet pulls the image.
   *
   * @default ImagePullPolicy.IF_NOT_PRESENT
   */
  readonly pullPolicy?: ImagePullPolicy;
}

/**
 * Where the file of a model comes from. Whatever the source, the runtime checks the SHA-256 of the file before it opens it.
 */
export class ModelSource {
  /**
   * A file of this machine. It is read at synth: its digest, its inputs and its outputs are checked there, and the file
   * travels inside the manifests, in an immutable ConfigMap. It has at most 190 KiB; larger ones need another source.
   *
   * @param path path of the ONNX file. A relative one starts at the directory that the program runs in, whatever its
   * language; with the cdk8s command line that is the directory of cdk8s.yaml. An absolute one works from everywhere.
   */
  public static file(path: string): ModelSource {
    return new ModelSource('file', carriedFile(path));
  }

  /**
   * An object of Amazon S3, or of a server that speaks its protocol.
   *
   * @param uri `s3://bucket/key`
   * @param options digest, and how to get there
   */
  public static s3(uri: string, options: S3SourceOptions): ModelSource {
    return new ModelSource('s3', download({ type: 's3', uri, ...options }));
  }

  /**
   * An object of Google Cloud Storage.
   *
   * Without credentials the pod may reach the metadata server of the cloud, which gives it its own identity.
   *
   * @param uri `gs://bucket/object`
   * @param options digest, and how to get there
   */
  public static gcs(uri: string, options: GcsSourceOptions): ModelSource {
    return new ModelSource('gcs', download({ type: 'gcs', uri, ...options }));
  }

  /**
   * A blob of Azure Blob Storage.
   *
   * @param uri `https://account.blob.core.windows.net/container/blob`
   * @param options digest, and how to get there
   */
  public static azureBlob(uri: string, options: AzureBlobSourceOptions): ModelSource {
    return new ModelSource('azureBlob', download({ type: 'azure-blob', uri, ...options }));
  }

  /**
   * A file of a web server.
   *
   * @param uri `https://host/path`; `http://` for a Service of the cluster
   * @param options digest, and how to get there
   */
  public static https(uri: string, options: HttpsSourceOptions): ModelSource {
    return new ModelSource('https', download({ type: 'https', uri, ...options }));
  }

  /**
   * A file of a persistent volume, mounted read-only. With several replicas the claim must allow many readers.
   *
   * @param claim claim of the volume, in the namespace of the model
   * @param path path of the model file inside the volume, relative
   * @param options digest
   */
  public static persistentVolumeClaim(
    claim: IPersistentVolumeClaim,
    path: string,
    options: PersistentVolumeClaimSourceOptions,
  ): ModelSource {
    return ModelSource.persistentVolumeClaimByName(claim.name, path, options);
  }

  /**
   * A file of a persistent volume, mounted read-only. With several replicas the claim must allow many readers.
   *
   * @param claimName name of the claim of the volume, in the namespace of the model
   * @param path path of the model file inside the volume, relative
   * @param options digest
   */
  public static persistentVolumeClaimByName(
    claimName: string,
    path: string,
    options: PersistentVolumeClaimSourceOptions,
  ): ModelSource {
    return new ModelSource('persistentVolumeClaim', claimedFile(claimName, path, options.sha256));
  }

  /**
   * A file of a container image. An init container of that image copies it with `cp`, which works with every version of
   * Kubernetes; the image needs that program (busybox is enough) and a file that everybody may read.
   *
   * @param reference image, best by digest: `registry/repository@sha256:…`
   * @param path absolute path of the model file inside the image
   * @param options digest of the file, and how the image is used
   */
  public static image(reference: string, path: string, options: ImageSourceOptions): ModelSource {
    const { sha256, imageVolume = false, pullPolicy = 'IfNotPresent' } = options;
    return new ModelSource('image', imageFile({ image: reference, path, sha256, pullPolicy, asVolume: imageVolume }));
  }

  /** Kind of the source: the name of the factory that made it. */
  public readonly kind: string;

  /** @internal */
  public readonly _binding: SourceBinding;

  private constructor(kind: string, binding: SourceBinding) {
    this.kind = kind;
    this._binding = binding;
  }
}
