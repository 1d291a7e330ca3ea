import type { Signature, Tensor, TensorSpec } from '../model';
import type { RequestError } from '../protocol';
import { type Inference, type Job, JobAround, type PredictionSource } from '../scheduling';
import { FallbackError } from './default-prediction';
import type { Answerer } from './fallback';

/** A model that answers for another one. */
export interface FallbackTarget {
  /** What its clients send and get. */
  readonly signature: Signature;
  readonly inference: Inference;
}

/** Share of a request's time that the other model gets when the first one is late. */
const KEPT_FOR_TARGET = 0.25;

/** Answers with another model of the same process. */
export class ModelFallback implements Answerer {
  readonly keptTime = KEPT_FOR_TARGET;

  /**
   * @param signature what clients of the failing model send and get
   * @param target the other model; undefined while it is not loaded
   */
  constructor(
    private readonly signature: Signature,
    private readonly target: () => FallbackTarget | undefined,
  ) {}

  answer(job: Job, otherwise: () => void): void {
    const target = this.target();
    if (target === undefined) {
      otherwise();
      return;
    }
    const { inputs } = this.signature;
    const taken = target.signature.inputs.map(
      ({ name }) => job.inputs[inputs.findIndex((input) => input.name === name)],
    );
    target.inference.submit(new TargetJob(job, taken, otherwise));
  }
}

/**
 * Checks that a model can answer for another one: each of its inputs is sent for the other one as well, and its outputs
 * are the same.
 *
 * @throws FallbackError
 */
export function checkTarget(signature: Signature, target: Signature): void {
  const wrongInput = target.inputs.find((spec) => !signature.inputs.some((own) => isSame(own, spec)));
  if (wrongInput !== undefined) {
    throw new FallbackError(
      `it needs the input '${wrongInput.name}' ${described(wrongInput)}, which clients of this model do not send.`,
    );
  }
  const wrongOutput =
    signature.outputs.find((own, index) => !isSame(own, target.outputs[index])) ??
    target.outputs[signature.outputs.length];
  if (wrongOutput !== undefined) {
    throw new FallbackError(
      `its outputs are ${listed(target.outputs)}, and those of this model ${listed(signature.outputs)}; they must be the same.`,
    );
  }
}

/** The failing request, as the other model gets it. */
class TargetJob extends JobAround {
  constructor(
    outer: Job,
    private readonly taken: readonly Tensor[],
    private readonly otherwise: () => void,
  ) {
    super(outer);
  }

  override get inputs(): readonly Tensor[] {
    return this.taken;
  }

  override succeed(outputs: readonly Tensor[], firstRow: number | undefined, _source: PredictionSource): void {
    super.succeed(outputs, firstRow, 'model');
  }

  override fail(_error: RequestError): void {
    this.otherwise();
  }
}

function isSame(own: TensorSpec, other: TensorSpec | undefined): boolean {
  return (
    own.name === other?.name &&
    own.datatype === other.datatype &&
    own.shape.length === other.shape.length &&
    own.shape.every((size, axis) => size === other.shape[axis])
  );
}

function described({ datatype, shape }: TensorSpec): string {
  return `${datatype} [${shape.join(', ')}]`;
}

function listed(specs: readonly TensorSpec[]): string {
  return specs.map((spec) => `'${spec.name}' ${described(spec)}`).join(', ');
}
