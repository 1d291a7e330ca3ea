import { Duration, Size } from 'cdk8s';
import type { FallbackConfig } from '../../contract';
import type { Model } from '../../model';
import type { PodAdditions } from '../pod-additions';
import { renderCache } from '../scheduling';

/** Options of {@link Fallback.cached}. */
export interface CachedFallbackOptions {
  /**
   * Most memory for answers and the inputs that they belong to, at least 1 KiB. The memory of the pod grows by it, unless
   * you set that.
   *
   * @default Size.mebibytes(16)
   */
  readonly maxSize?: Size;

  /**
   * Older answers are not given.
   *
   * @default Duration.minutes(10)
   */
  readonly maxAge?: Duration;
}

/**
 * What answers when the model cannot: it fails, it is not ready, its features are missing, or its answer would come too
 * late. Such an answer says so in the header (over gRPC, the metadata) `x-prediction-source`.
 */
export class Fallback {
  /**
   * Always the same prediction.
   *
   * @param output value of every output for one row, by the output's name: a number, text or boolean, or nested lists of
   * them where a row of the output is a list
   */
  public static prediction(output: { [name: string]: unknown }): Fallback {
    return new Fallback({ kind: 'prediction', output });
  }

  /**
   * Another model, in the same pods: a simpler one, or an older version. It takes what clients send, or a part of it, but
   * nothing that is looked up; it has the same outputs, and another name or version.
   *
   * @param model the other model
   */
  public static model(model: Model): Fallback {
    return new Fallback({ kind: 'model', model });
  }

  /**
   * The last answer of the model itself for equal inputs, where there is one that is young enough.
   *
   * @param options size and age
   */
  public static cached(options: CachedFallbackOptions = {}): Fallback {
    const { maxSize = Size.mebibytes(16), maxAge = Duration.minutes(10) } = options;
    return new Fallback({ kind: 'cached', maxSize, maxAge });
  }

  /** @internal */
  public readonly _answer: FallbackAnswer;

  private constructor(answer: FallbackAnswer) {
    this._answer = answer;
  }
}

type FallbackAnswer =
  | { readonly kind: 'prediction'; readonly output: { readonly [name: string]: unknown } }
  | { readonly kind: 'model'; readonly model: Model }
  | { readonly kind: 'cached'; readonly maxSize: Size; readonly maxAge: Duration };

/** The other model that answers, where it is one. */
export function fallbackModelOf({ _answer: answer }: Fallback): Model | undefined {
  return answer.kind === 'model' ? answer.model : undefined;
}

/** A fallback as the runtime reads it, and what it adds to the pod besides the files of another model. */
export function renderFallback({ _answer: answer }: Fallback): { config: FallbackConfig; additions: PodAdditions } {
  switch (answer.kind) {
    case 'prediction':
      return { config: { type: 'prediction', prediction: answer.output }, additions: {} };
    case 'model': {
      const { name, version } = answer.model;
      return { config: { type: 'model', model: { name, version } }, additions: {} };
    }
    case 'cached': {
      const cached = renderCache(answer.maxSize, answer.maxAge);
      return { config: { type: 'cached', cached }, additions: { memoryBytes: cached.maxBytes } };
    }
  }
}
