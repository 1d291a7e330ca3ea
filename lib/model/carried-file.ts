import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { MODEL_FILE } from '../contract';
import {
  carriedFileBytes,
  checkConfigMapSize,
  contentName,
  quote,
  RULES,
  type Violation,
  violation,
} from '../kubernetes';
import { NotOnnxError, type OnnxModel, readOnnxModel } from './onnx/onnx-model';
import { type BoundSource, modelDirectory, type PodContext, type SourceBinding } from './source-binding';

const CHUNK_BYTES = 1024 * 1024;

/** Files up to this size are looked into, even when they are too large to be carried. */
const MAX_READ_BYTES = 16 * CHUNK_BYTES;

/** A file of this machine, carried in an immutable ConfigMap. */
export function carriedFile(path: string): SourceBinding {
  const found: Violation[] = [];
  const file = readFile(path, found);
  const onnx = file?.content === undefined ? undefined : readOnnx(path, file.content, found);
  if (file !== undefined) {
    const bytes = carriedFileBytes(file.bytes);
    found.push(...checkConfigMapSize(`The model file ${quote(path)}`, bytes, alternatives(file.sha256)));
  }
  return {
    sha256: file?.sha256,
    onnx,
    modelBytes: file?.bytes,
    downloadMillis: 0,
    violations: found,
    volumeBytes: () => 0,
    bind: (context) => bindCarried(context, file?.content ?? Buffer.alloc(0)),
  };
}

function bindCarried(context: PodContext, content: Buffer): BoundSource {
  const { role, baseName } = context;
  const directory = modelDirectory(context);
  const name = contentName(baseName, role, content);
  return {
    path: `${directory}/${MODEL_FILE}`,
    volumes: [{ name: role, configMap: { name } }],
    mounts: [{ name: role, mountPath: directory, readOnly: true }],
    initContainers: [],
    egress: [],
    configMap: { name, binaryData: { [MODEL_FILE]: content.toString('base64') } },
  };
}

interface ReadFile {
  readonly bytes: number;
  readonly sha256: string;
  /** Absent when the file is too large to be carried. */
  readonly content?: Buffer;
}

function readFile(path: string, found: Violation[]): ReadFile | undefined {
  const absolute = resolve(path);
  try {
    const problem = problemOf(statSync(absolute));
    if (problem === undefined) {
      return readPieces(absolute);
    }
    found.push(unreadable(path, absolute, problem));
  } catch (error) {
    found.push(unreadable(path, absolute, error instanceof Error ? error.message : String(error)));
  }
  return undefined;
}

function problemOf(stats: Stats): string | undefined {
  if (!stats.isFile()) {
    return stats.isDirectory() ? 'it is a directory' : 'it is no regular file';
  }
  return stats.size === 0 ? 'it is empty' : undefined;
}

function unreadable(path: string, absolute: string, problem: string): Violation {
  return violation(
    RULES.modelFile,
    `The model file ${quote(path)} cannot be used: ${problem} (looked at ${absolute}).`,
    'A relative path starts at the directory that the program runs in; give an absolute one, such as ' +
      "join(__dirname, 'models/iris.onnx').",
  );
}

// In pieces: a file that turns out too large to be carried is only hashed, so that the message can tell its digest.
function readPieces(path: string): ReadFile {
  const descriptor = openSync(path, 'r');
  try {
    const hash = createHash('sha256');
    const kept: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(descriptor, chunk, 0, CHUNK_BYTES, null);
      if (length === 0) {
        break;
      }
      const piece = chunk.subarray(0, length);
      hash.update(piece);
      bytes += length;
      if (bytes <= MAX_READ_BYTES) {
        kept.push(piece);
      }
    }
    return { bytes, sha256: hash.digest('hex'), ...(bytes <= MAX_READ_BYTES ? { content: Buffer.concat(kept) } : {}) };
  } finally {
    closeSync(descriptor);
  }
}

function readOnnx(path: string, content: Buffer, found: Violation[]): OnnxModel | undefined {
  try {
    const onnx = readOnnxModel(content);
    if (onnx.externalData) {
      found.push(
        violation(
          RULES.externalData,
          `The model file ${quote(path)} has weights in another file.`,
          "Save it as one file: onnx.save_model(model, 'model.onnx', save_as_external_data=False).",
        ),
      );
    }
    found.push(
      ...onnx.unservable.map((problem) =>
        violation(
          RULES.signature,
          `The model file ${quote(path)}: ${problem}`,
          'Export the model with tensors as inputs and outputs, each with a name of its own.',
        ),
      ),
    );
    return onnx;
  } catch (error) {
    if (!(error instanceof NotOnnxError)) {
      throw error;
    }
    found.push(
      violation(
        RULES.onnxFile,
        `The file ${quote(path)} is no ONNX model: ${error.message}.`,
        'Export the model as ONNX, for example with skl2onnx.to_onnx(model, X) or torch.onnx.export(…).',
      ),
    );
    return undefined;
  }
}

function alternatives(sha256: string): string {
  return [
    'Put the file where pods can read it, and write one of',
    `ModelSource.s3('s3://bucket/model.onnx', { sha256: '${sha256}' }),`,
    `ModelSource.persistentVolumeClaimByName('claim', 'model.onnx', { sha256: '…' }),`,
    `ModelSource.image('registry.example.com/model@sha256:…', '/model.onnx', { sha256: '…' }).`,
  ].join(' ');
}
