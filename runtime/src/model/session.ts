// Worker threads load this file: it imports as little as it can.
import { types } from 'node:util';
import { type Tensor as EngineTensor, InferenceSession } from 'onnxruntime-node';
import { datatypeOfEngine, type Tensor } from './datatype';
import { fromEngine, toEngine } from './engine-tensor';
import { DYNAMIC, type Signature, type TensorSpec } from './signature';

/**
 * ONNX element types that the engine has and its interface for Node.js lacks. bfloat16 gets here when the model does not
 * declare it.
 */
const UNSUPPORTED_TYPES: Readonly<Record<string, string>> = {
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16 without a declaration',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
};

/** An opened model. Only this file and engine-tensor.ts know the inference engine. */
export interface Session {
  readonly signature: Signature;

  /**
   * Runs that go on at the same time; more than that wait for each other. 0 = runs go on in the event loop, which does
   * nothing else meanwhile.
   */
  readonly workers: number;

  /**
   * Runs the model once.
   *
   * The inputs must not change before the result is there: the engine reads them where they are.
   *
   * @param inputs one tensor an input, in the order of the signature
   * @param disposable whether nobody needs the inputs afterwards: their memory may be given away
   * @throws EngineError when the model cannot evaluate these inputs
   * @throws SessionLostError when the run was lost with the thread that it was in
   */
  run(inputs: readonly Tensor[], disposable?: boolean): Promise<Run>;

  /** Frees the memory of the model. No run may be under way. */
  close(): Promise<void>;
}

/** One run of a model. */
export interface Run {
  /** One tensor an output, in the order of the signature. */
  readonly outputs: Tensor[];

  /** Time that the engine took, in seconds. */
  readonly seconds: number;
}

/** The engine failed in a run. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  /**
   * @param operator kind of the operator of the model that failed, for example `Gather`; undefined when the engine does not say
   * @param options the engine's own error as `cause`: its message may hold values of the request
   */
  constructor(
    readonly operator: string | undefined,
    options: ErrorOptions,
  ) {
    super(operator === undefined ? 'the engine failed' : `the operator ${operator} of the model failed`, options);
  }
}

/** The thread of a session ended in the middle of a run, or could not be started again. */
export class SessionLostError extends Error {
  override readonly name = 'SessionLostError';

  /**
   * @param reason what ended the thread
   * @param started whether the run had been started: whatever it was may end the next thread as well
   */
  constructor(
    reason: string,
    readonly started: boolean,
  ) {
    super(reason);
  }
}

/** The engine cannot open the model, or the wire cannot carry its tensors. The message names no file. */
export class UnservableError extends Error {
  override readonly name = 'UnservableError';
}

/** A model file whose inputs and outputs the engine's interface can exchange. */
export interface ServableFile {
  readonly path: string;

  /** Names of inputs and outputs that are BF16 for clients, and FP32 for the engine. */
  readonly bfloat16: ReadonlySet<string>;
}

/**
 * Opens a model.
 *
 * @param threads number of threads for one run
 * @throws UnservableError when the model cannot be served
 */
export async function openSession({ path, bfloat16 }: ServableFile, threads: number): Promise<Session> {
  const session = await create(path, threads);
  const spec = (metadata: InferenceSession.ValueMetadata) => specOf(metadata, bfloat16);
  try {
    const inputs = session.inputMetadata.map(spec);
    const outputs = session.outputMetadata.map(spec);
    return new EngineSession(session, { inputs, outputs });
  } catch (error) {
    await session.release();
    throw error;
  }
}

async function create(path: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
      executionProviders: ['cpu'],
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Waiting threads that spin take the time of the event loop when the container has few processors.
      ...(threads > 1 ? { extra: { session: { intra_op: { allow_spinning: '0' } } } } : {}),
      // The engine writes errors to standard error, with values of the request; they arrive as exceptions as well.
      logSeverityLevel: 4,
    });
  } catch (error) {
    throw new UnservableError(refusalOf(messageOf(error)), { cause: error });
  }
}

function refusalOf(message: string): string {
  const elementType = /Unsupported data type: (\d+)$/.exec(message)?.[1];
  if (elementType !== undefined) {
    return `an input or output has the element type ${UNSUPPORTED_TYPES[elementType] ?? elementType}, which the engine cannot exchange.`;
  }
  const [, operator, opset, node] =
    /Could not find an implementation for ([\w.]+)\((\d+)\) node with name '(.*)'/.exec(message) ?? [];
  if (operator !== undefined) {
    return (
      `the engine has no implementation of the operator ${operator} (operator set ${opset}${node === '' ? '' : `, node '${node}'`}) ` +
      'for the element types of its inputs; most arithmetic in bfloat16 has none. ' +
      'Export the model so that this operator computes in float32, with a Cast around it.'
    );
  }
  return `the engine cannot open it: ${withoutPaths(message)}`;
}

class EngineSession implements Session {
  readonly workers = 0;
  private readonly inputNames: readonly string[];
  private readonly outputNames: readonly string[];

  constructor(
    private readonly session: InferenceSession,
    readonly signature: Signature,
  ) {
    this.inputNames = signature.inputs.map(({ name }) => name);
    this.outputNames = signature.outputs.map(({ name }) => name);
  }

  async run(inputs: readonly Tensor[]): Promise<Run> {
    // Without prototype: an input may be called `__proto__`.
    const feeds: Record<string, EngineTensor> = Object.create(null);
    for (let index = 0; index < inputs.length; index += 1) {
      feeds[this.inputNames[index]] = toEngine(inputs[index]);
    }
    let results: InferenceSession.ReturnType;
    let started = 0;
    // The engine starts in an immediate of its own, behind this one: waiting for the event loop is not its time.
    setImmediate(() => {
      started = performance.now();
    });
    try {
      results = await this.session.run(feeds);
    } catch (error) {
      throw new EngineError(operatorOf(error), { cause: error });
    }
    const seconds = (performance.now() - started) / 1000;
    const outputs: Tensor[] = [];
    for (let index = 0; index < this.outputNames.length; index += 1) {
      outputs.push(fromEngine(results[this.outputNames[index]], this.signature.outputs[index]));
    }
    return { outputs, seconds };
  }

  close(): Promise<void> {
    return this.session.release();
  }
}

function specOf(metadata: InferenceSession.ValueMetadata, bfloat16: ReadonlySet<string>): TensorSpec {
  if (!metadata.isTensor) {
    throw new UnservableError(`'${metadata.name}' is not a tensor, and nothing else can be carried over the wire.`);
  }
  const datatype = bfloat16.has(metadata.name) ? 'BF16' : datatypeOfEngine(metadata.type);
  if (datatype === undefined) {
    throw new UnservableError(`'${metadata.name}' has the element type ${metadata.type}, which cannot be served.`);
  }
  return {
    name: metadata.name,
    datatype,
    shape: metadata.shape.map((size) => (typeof size === 'number' ? size : DYNAMIC)),
    symbols: metadata.shape.map((size) => (typeof size === 'string' && size !== '' ? size : undefined)),
  };
}

/** Errors of Node's own modules are of another realm when code runs in a VM context, as tests do. */
function messageOf(error: unknown): string {
  return types.isNativeError(error) ? error.message : String(error);
}

/** Operator that the engine names, as in `Non-zero status code returned while running Gather node. Name:'…'`. */
function operatorOf(error: unknown): string | undefined {
  return /while running (\w+) node/.exec(messageOf(error))?.[1];
}

/** Messages of the engine name the model file and places in its own source. */
function withoutPaths(message: string): string {
  return message
    .replace(/(?:[\w.-]+)?(?:\/[\w.@+-]+){2,}(?::\d+)?/g, '…')
    .replace(/\s+/g, ' ')
    .slice(0, 500);
}
