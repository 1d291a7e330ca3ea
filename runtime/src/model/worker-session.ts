import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Transferable, Worker } from 'node:worker_threads';
import { errorMessage } from '../telemetry';
import type { Tensor } from './datatype';
import type { WorkerAnswer, WorkerRequest, WorkerTask } from './engine-worker';
import { EngineError, type Run, type Session, SessionLostError, UnservableError } from './session';
import type { Signature } from './signature';

/** A run that is under way. */
interface Pending {
  resolve(run: Run): void;
  reject(error: Error): void;
}

/** What a worker thread needs, and who is told when it ends unexpectedly. */
export interface WorkerSessionOptions extends WorkerTask {
  /** Called once, with what ended the thread. Runs that were under way have failed already. */
  readonly onLost: (reason: string) => void;
}

/** A model in a worker thread of its own: its runs leave the event loop free. */
export class WorkerSession implements Session {
  readonly workers = 1;

  /** Runs that are under way. */
  readonly pending = new Map<number, Pending>();

  /** Whether the thread has ended. */
  ended = false;

  private nextId = 0;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly worker: Worker,
    readonly signature: Signature,
    private readonly onLost: (reason: string) => void,
  ) {
    let reason: string | undefined;
    worker.on('message', (answer: WorkerAnswer) => this.take(answer));
    worker.on('error', (error) => {
      reason = errorMessage(error);
    });
    worker.once('exit', (code) => this.end(reason ?? `the thread ended with code ${code}`));
  }

  /**
   * Starts a thread and opens the model in it.
   *
   * @throws UnservableError when the model cannot be served
   * @throws SessionLostError when the thread ends instead
   */
  static start({ file, threads, onLost }: WorkerSessionOptions): Promise<WorkerSession> {
    const workerData: WorkerTask = { file, threads };
    const worker = new Worker(programFile(), { workerData });
    return new Promise((resolve, reject) => {
      const lost = (reason: unknown) =>
        reject(new SessionLostError(`the thread of the model ended: ${errorMessage(reason)}`, false));
      worker.once('error', lost);
      worker.once('exit', lost);
      worker.once('message', (answer: WorkerAnswer) => {
        worker.off('error', lost);
        worker.off('exit', lost);
        if (answer.kind === 'opened') {
          resolve(new WorkerSession(worker, answer.signature, onLost));
        } else {
          const { reason, unservable } = answer as WorkerAnswer & { kind: 'not-opened' };
          // It ends by itself.
          reject(unservable ? new UnservableError(reason) : new SessionLostError(reason, false));
        }
      });
    });
  }

  run(inputs: readonly Tensor[], disposable = false): Promise<Run> {
    if (this.ended) {
      return Promise.reject(new SessionLostError('the thread of the model has ended', false));
    }
    const id = this.nextId;
    this.nextId += 1;
    const sent = disposable ? inputs : inputs.map(compact);
    const request: WorkerRequest = { kind: 'run', id, inputs: sent };
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage(request, buffersOf(sent));
    });
  }

  /** Lets runs that are under way finish, frees the model and ends the thread. */
  close(): Promise<void> {
    this.closing ??= new Promise((resolve) => {
      if (this.ended) {
        resolve();
        return;
      }
      this.worker.once('exit', () => resolve());
      this.worker.postMessage({ kind: 'close' } satisfies WorkerRequest);
    });
    return this.closing;
  }

  private take(answer: WorkerAnswer): void {
    if (answer.kind !== 'ran' && answer.kind !== 'failed') {
      return;
    }
    const pending = this.pending.get(answer.id);
    this.pending.delete(answer.id);
    if (answer.kind === 'ran') {
      pending?.resolve({ outputs: answer.outputs, seconds: answer.seconds });
    } else {
      const { byEngine, operator, reason } = answer.failure;
      const cause = new Error(reason);
      pending?.reject(byEngine ? new EngineError(operator, { cause }) : cause);
    }
  }

  private end(reason: string): void {
    this.ended = true;
    for (const { reject } of this.pending.values()) {
      reject(new SessionLostError(`the thread of the model ended: ${reason}`, true));
    }
    this.pending.clear();
    if (this.closing === undefined) {
      this.onLost(reason);
    }
  }
}

/** The program of the thread: beside this file, or in the build when the runtime is run from its sources. */
function programFile(): string {
  const beside = join(__dirname, 'engine-worker.js');
  return existsSync(beside) ? beside : join(__dirname, '../../build/engine-worker.js');
}

/** A copy whose memory holds nothing else: a view would be sent with all that it is a view of. */
function compact({ datatype, shape, data }: Tensor): Tensor {
  return { datatype, shape, data: data.slice() };
}

function buffersOf(tensors: readonly Tensor[]): Transferable[] {
  return tensors.flatMap(({ data }) => (Array.isArray(data) ? [] : [data.buffer as ArrayBuffer]));
}
