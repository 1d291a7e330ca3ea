import { MODEL_FILE } from '../contract';
import { checkImage, isDnsSubdomain, mebibytes, quote, RULES, type Violation, violation } from '../kubernetes';
import { checkSha256 } from './digest';
import { isRelativePath } from './download-rules';
import { type BoundSource, modelDirectory, type PodContext, type SourceBinding } from './source-binding';

/** A file of a persistent volume, mounted read-only. */
export function claimedFile(claim: string, path: string, sha256: string): SourceBinding {
  return mounted(
    [
      ...checkSha256('sha256', sha256),
      ...(isDnsSubdomain(claim)
        ? []
        : [violation(RULES.sourceName, `The claim is named ${quote(claim)}.`, "Write it as in 'models'.")]),
      ...(isRelativePath(path) ? [] : [wrongPath('claim', path, 'iris/v1/model.onnx')]),
    ],
    sha256,
    (context) => readInPlace(context, path, { persistentVolumeClaim: { claimName: claim, readOnly: true } }),
  );
}

/** How a file of an image gets into the pod. */
export interface ImageFile {
  readonly image: string;
  readonly path: string;
  readonly sha256: string;
  readonly pullPolicy: string;
  readonly asVolume: boolean;
}

/** A file of an image: mounted as a volume, or copied by an init container from that image. */
export function imageFile(input: ImageFile): SourceBinding {
  const { image, path, sha256, pullPolicy } = input;
  const found = [
    ...checkSha256('sha256', sha256),
    ...checkImage('The image of the model', image),
    ...(path.startsWith('/') && isRelativePath(path.slice(1)) ? [] : [wrongPath('image', path, '/models/model.onnx')]),
  ];
  return input.asVolume
    ? mounted(found, sha256, (context) =>
        readInPlace(context, path.slice(1), { image: { reference: image, pullPolicy } }),
      )
    : {
        ...mounted(found, sha256, (context) => copyFromImage(context, input)),
        volumeBytes: (maxModelBytes) => maxModelBytes,
      };
}

function mounted(violations: Violation[], sha256: string, bind: (context: PodContext) => BoundSource): SourceBinding {
  return {
    sha256,
    violations,
    bind,
    onnx: undefined,
    modelBytes: undefined,
    downloadMillis: 0,
    volumeBytes: () => 0,
  };
}

function readInPlace(context: PodContext, path: string, volume: { [kind: string]: unknown }): BoundSource {
  const directory = modelDirectory(context);
  return {
    path: `${directory}/${path}`,
    volumes: [{ name: context.role, ...volume }],
    mounts: [{ name: context.role, mountPath: directory, readOnly: true }],
    initContainers: [],
    egress: [],
  };
}

function copyFromImage(context: PodContext, { image, path, pullPolicy }: ImageFile): BoundSource {
  const directory = modelDirectory(context);
  const target = `${directory}/${MODEL_FILE}`;
  return {
    path: target,
    volumes: [{ name: context.role, emptyDir: { sizeLimit: mebibytes(context.maxModelBytes) } }],
    mounts: [{ name: context.role, mountPath: directory, readOnly: true }],
    initContainers: [
      {
        name: `copy-${context.role}`,
        image,
        imagePullPolicy: pullPolicy,
        command: ['cp', path, target],
        resources: context.resources,
        volumeMounts: [{ name: context.role, mountPath: directory }],
      },
    ],
    egress: [],
  };
}

function wrongPath(where: string, path: string, example: string): Violation {
  return violation(
    RULES.sourcePath,
    `The path inside the ${where} is ${quote(path)}.`,
    `Write it as in ${quote(example)}.`,
  );
}
