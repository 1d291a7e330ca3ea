import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ModelConfig } from '../../lib/contract';
import { fixture } from './predictor';

/** Folder of the conformance pack. */
export const PACK = resolve(__dirname, '../../conformance');

/** A case of the pack, as far as tests look at it. */
export interface ConformanceCase {
  readonly id: string;
  readonly group: string;
  readonly name: string;
  readonly rule: string;
  readonly source: { readonly document: string; readonly section: string };
  readonly needs?: readonly string[];
  readonly models?: readonly string[];
  readonly request?: ConformanceRequest;
  readonly steps?: readonly { readonly request?: ConformanceRequest }[];
}

/** A request of a case: of gRPC with `rpc`, else of HTTP. */
export interface ConformanceRequest {
  readonly rpc?: string;
  readonly message?: object;
}

/** A server under test. */
export interface ConformanceTarget {
  /** What is wrong with the answers; empty when the case passes. */
  run(each: ConformanceCase): Promise<string[]>;
  close(): void;
}

/** Options of a {@link ConformanceTarget}. */
export interface ConformanceTargetOptions {
  readonly http: string;
  readonly grpc?: string;
  readonly names: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMillis?: number;
}

/** A request of HTTP as it is sent. */
export interface BuiltRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** One client of gRPC. */
export interface GrpcTarget {
  call(options: {
    readonly rpc: string;
    readonly message: object;
    readonly timeoutMillis: number;
  }): Promise<{ readonly code: string; readonly details: string }>;

  /** The message of a call as bytes. */
  encode(rpc: string, message: object): Buffer;
  close(): void;
}

interface Runner {
  buildMessage(message: object, names: Readonly<Record<string, unknown>>): object;
  buildRequest(request: object, names: Readonly<Record<string, unknown>>): BuiltRequest;
  readonly GrpcTarget: new (address: string) => GrpcTarget;
  loadCases(directory?: string): ConformanceCase[];
  loadSources(): Record<string, { readonly title: string; readonly url: string }>;
  modelNames(cases: readonly ConformanceCase[]): Record<string, string>;
  readonly Target: new (options: ConformanceTargetOptions) => ConformanceTarget;
}

/** The runner of the pack, which is plain JavaScript. */
export const { buildMessage, buildRequest, GrpcTarget, loadCases, loadSources, modelNames, Target } =
  require('../../conformance/runner') as Runner;

/** The models of a folder of the pack, each version of each. */
export function packModels(folder: 'models' | 'models-not-ready' = 'models'): ModelConfig[] {
  const root = join(PACK, folder);
  return readdirSync(root).flatMap((name) =>
    readdirSync(join(root, name)).map((version) => fixture(join(root, name, version, 'model.onnx'), { name, version })),
  );
}

/** Bytes of a file of the pack. */
export function packFile(path: string): Buffer {
  return readFileSync(join(PACK, path));
}
