import { elementCount, hasRows, type Signature, type Tensor, type TensorSpec } from '../model';
import { checkResponseBytes, checkResponseText, type WireLimits } from './limits';
import { labelledText, nestedText } from './tensor-text';

/** Writes one row (or, of a model without rows, the whole) of an output. */
type Part = (output: Tensor, axis: number, offset: number) => string;

/**
 * Writes V1 answers: `{"predictions": […]}` with one prediction a row, whichever form the request had.
 *
 * A prediction is the output's value; for a model with several outputs an object from output to value. Probabilities of
 * a model that was exported with ZipMap are objects from class to probability. Where the outputs of a model have no
 * rows, `predictions` holds them as a whole.
 */
export class V1Answer {
  private readonly parts: readonly Part[];
  private readonly keys: readonly string[];
  private readonly byRow: boolean;

  constructor(
    signature: Signature,
    private readonly limits: WireLimits,
  ) {
    this.parts = signature.outputs.map((output) => partOf(output, limits));
    this.keys = signature.outputs.map(({ name }) => JSON.stringify(name));
    this.byRow = hasRows(signature);
  }

  /**
   * Writes an answer.
   *
   * @param firstRow first row of the request in the outputs
   * @param rows rows of the request; undefined when its inputs have different numbers
   * @throws RequestError 400 when the answer is too large
   */
  write(outputs: readonly Tensor[], firstRow: number, rows: number | undefined): string {
    const text = this.text(outputs, firstRow, rows);
    checkResponseText(text, this.limits);
    return text;
  }

  private text(outputs: readonly Tensor[], firstRow: number, rows: number | undefined): string {
    const byRow = this.byRow && rows !== undefined && outputs.every(({ shape }) => shape[0] >= firstRow + rows);
    if (!byRow) {
      return `{"predictions":${this.prediction(outputs, 0, () => 0)}}`;
    }
    const strides = outputs.map(({ shape }) => elementCount(shape.slice(1)));
    let text = '';
    for (let row = firstRow; row < firstRow + rows; row += 1) {
      text += `${row === firstRow ? '' : ','}${this.prediction(outputs, 1, (index) => row * strides[index])}`;
      checkResponseBytes(text.length, this.limits);
    }
    return `{"predictions":[${text}]}`;
  }

  private prediction(outputs: readonly Tensor[], axis: number, offsetOf: (index: number) => number): string {
    const { parts, keys } = this;
    if (parts.length === 1) {
      return parts[0](outputs[0], axis, offsetOf(0));
    }
    let text = '{';
    for (let index = 0; index < parts.length; index += 1) {
      text += `${index === 0 ? '' : ','}${keys[index]}:${parts[index](outputs[index], axis, offsetOf(index))}`;
    }
    return `${text}}`;
  }
}

function partOf({ classLabels }: TensorSpec, limits: WireLimits): Part {
  const nested: Part = (output, axis, offset) => nestedText(output, axis, offset, limits);
  if (classLabels === undefined) {
    return nested;
  }
  const keys = classLabels.map((label) => JSON.stringify(label));
  return (output, axis, offset) => (axis === 1 ? labelledText(output, keys, offset) : nested(output, axis, offset));
}
