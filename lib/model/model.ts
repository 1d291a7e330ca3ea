import { labelValue, quote, RULES, type Rule, type Violation, violation } from '../kubernetes';
import type { ModelSource } from './model-source';
import type { ModelSignature } from './signature';

/** Properties of {@link Model.onnx}. */
export interface OnnxModelProps {
  /** Name of the model: part of its URL, of labels and of metrics. Up to 63 letters, digits, `.`, `_` and `-`. */
  readonly name: string;

  /** Version of the model, of the same form. Every version runs beside the others, as a Deployment of its own. */
  readonly version: string;

  /** Where the model file comes from. */
  readonly source: ModelSource;
}

/**
 * One version of a model: what is served. It is a value, and can go into several constructs.
 *
 * A wrong declaration does not fail here. It is reported at synth, with everything else that is wrong.
 */
export class Model {
  /**
   * A model in ONNX format, the common format that scikit-learn, XGBoost, LightGBM, PyTorch, TensorFlow and others export.
   *
   * @param props name, version and source
   */
  public static onnx(props: OnnxModelProps): Model {
    return new Model(props);
  }

  /** Name of the model. */
  public readonly name: string;

  /** Version of the model. */
  public readonly version: string;

  /** Format of the file: `onnx`. */
  public readonly format: string;

  /** Where the file comes from. */
  public readonly source: ModelSource;

  /** SHA-256 of the model file, as declared, or computed from a file; undefined when that file cannot be read. */
  public readonly sha256?: string;

  /** Inputs and outputs; known when the source is a file of this machine. */
  public readonly signature?: ModelSignature;

  /** Version of the ONNX format; known when the source is a file of this machine. */
  public readonly irVersion?: number;

  /** Version of each operator set, by domain (`ai.onnx`); known when the source is a file of this machine. */
  public readonly opsets?: { [domain: string]: number };

  /** @internal */
  public readonly _violations: Violation[];

  private constructor({ name, version, source }: OnnxModelProps) {
    this.name = name;
    this.version = version;
    this.format = 'onnx';
    this.source = source;
    const { sha256, onnx, violations } = source._binding;
    this.sha256 = sha256;
    this.signature = onnx?.signature;
    this.irVersion = onnx?.irVersion;
    this.opsets = onnx?.opsets;
    this._violations = [
      ...checkModelName('The model name', name),
      ...checkModelVersion('The model version', version),
      ...violations,
    ];
  }
}

const FORM = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const MAX_LENGTH = 63;

/**
 * Checks the name of what is served.
 *
 * @param what where it is declared, for the message
 */
export function checkModelName(what: string, name: string): Violation[] {
  return checkForm(RULES.modelName, what, name);
}

/** Checks the version of what is served, as {@link checkModelName}. */
export function checkModelVersion(what: string, version: string): Violation[] {
  return checkForm(RULES.modelVersion, what, version);
}

function checkForm(rule: Rule, what: string, value: string): Violation[] {
  return value.length <= MAX_LENGTH && FORM.test(value)
    ? []
    : [violation(rule, `${what} is ${quote(value)}.`, `Write for example ${quote(labelValue(value) || 'v1')}.`)];
}
