import type { LoadedModel, RunCost, Tensor } from '../../runtime/src/model';

const SPEC = { name: 'x', datatype: 'FP32', shape: [-1], symbols: ['N'] } as const;

/** One number a row. */
export function numbers(...values: number[]): Tensor {
  return { datatype: 'FP32', shape: [values.length], data: Float32Array.from(values) };
}

/** How a model of {@link modelOf} behaves. */
export interface ModelBehaviour {
  /** Evaluates numbers; a failed run rejects. */
  readonly run: (inputs: readonly Tensor[]) => Promise<{ outputs: Tensor[]; seconds: number }>;
  readonly workers?: number;
  readonly cost?: RunCost;
  readonly independentRows?: boolean;
}

/** A model of one number a row whose runs are what a test says; a real one fails in no way that could be told beforehand. */
export function modelOf({ run, workers = 0, cost, independentRows = true }: ModelBehaviour): LoadedModel {
  const signature = { inputs: [SPEC], outputs: [SPEC] };
  const session = { signature, workers, run, close: async () => undefined };
  return { signature, independentRows, sample: [numbers(0)], session, cost };
}
