import { type MessagePort, parentPort, type Transferable, workerData } from 'node:worker_threads';
import type { Tensor } from './datatype';
import { EngineError, openSession, type ServableFile, type Session, UnservableError } from './session';
import type { Signature } from './signature';

/** What a worker thread is started with. */
export interface WorkerTask {
  readonly file: ServableFile;

  /** Number of threads for one run. */
  readonly threads: number;
}

/** What a worker thread is asked. */
export type WorkerRequest =
  | { readonly kind: 'run'; readonly id: number; readonly inputs: readonly Tensor[] }
  | { readonly kind: 'close' };

/** What a worker thread answers. */
export type WorkerAnswer =
  | { readonly kind: 'opened'; readonly signature: Signature }
  | { readonly kind: 'not-opened'; readonly reason: string; readonly unservable: boolean }
  | { readonly kind: 'ran'; readonly id: number; readonly outputs: Tensor[]; readonly seconds: number }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: RunFailure };

/** Why a run failed. */
export interface RunFailure {
  /** Whether the engine failed; else it is a fault of this program. */
  readonly byEngine: boolean;

  /** Kind of the operator that failed. */
  readonly operator: string | undefined;
  readonly reason: string;
}

/**
 * The main program of a worker thread: it opens one model and runs it.
 *
 * It must end by itself: a thread that is terminated in the middle of a run takes the process with it (SIGABRT).
 */
async function main(port: MessagePort, { file, threads }: WorkerTask): Promise<void> {
  let session: Session;
  try {
    session = await openSession(file, threads);
  } catch (error) {
    const unservable = error instanceof UnservableError;
    port.postMessage({ kind: 'not-opened', reason: messageOf(error), unservable });
    port.close();
    return;
  }
  let last: Promise<void> = Promise.resolve();
  port.on('message', (request: WorkerRequest) => {
    if (request.kind === 'close') {
      void last.then(() => session.close()).then(() => port.close());
    } else {
      last = run(port, session, request.id, request.inputs);
    }
  });
  port.postMessage({ kind: 'opened', signature: session.signature });
}

async function run(port: MessagePort, session: Session, id: number, inputs: readonly Tensor[]): Promise<void> {
  try {
    const { outputs, seconds } = await session.run(inputs);
    port.postMessage({ kind: 'ran', id, outputs, seconds }, buffersOf(outputs));
  } catch (error) {
    port.postMessage({ kind: 'failed', id, failure: failureOf(error) } satisfies WorkerAnswer);
  }
}

function failureOf(error: unknown): RunFailure {
  if (!(error instanceof EngineError)) {
    return { byEngine: false, operator: undefined, reason: messageOf(error) };
  }
  return { byEngine: true, operator: error.operator, reason: messageOf(error.cause) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The memory of tensors, to hand over instead of copying it. Two outputs may share one. */
function buffersOf(tensors: readonly Tensor[]): Transferable[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of tensors) {
    if (!Array.isArray(data) && data.buffer instanceof ArrayBuffer) {
      buffers.add(data.buffer);
    }
  }
  return [...buffers];
}

if (parentPort !== null) {
  void main(parentPort, workerData as WorkerTask);
}
