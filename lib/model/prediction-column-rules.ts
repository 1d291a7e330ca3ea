import { quote, RULES, type Violation, violation } from '../kubernetes';
import { nameProblems } from './listed-names';
import type { PredictionColumn } from './prediction-column';
import { rowWidth } from './row-width';
import { namesOf, type TensorMetadata } from './signature';

/**
 * Checks columns of predictions against the outputs of the model, where those are known.
 *
 * @param copied names of what is copied beside the predictions
 */
export function checkPredictionColumns(
  predictions: PredictionColumn[],
  copied: string[],
  outputs: TensorMetadata[] | undefined,
): Violation[] {
  return [...checkNames(predictions, copied), ...predictions.flatMap((column) => checkColumn(column, outputs))];
}

function checkNames(predictions: PredictionColumn[], copied: string[]): Violation[] {
  const names = predictions.map(({ name }) => name);
  const problems = names.length === 0 ? ['predictions is empty.'] : nameProblems('predictions', names);
  const clashing = [...new Set(names)].filter((name) => copied.includes(name));
  return [...problems, ...clashing.map((name) => `${quote(name)} is in predictions and in passThrough.`)].map((found) =>
    violation(
      RULES.predictionNames,
      found,
      "Write for example [PredictionColumn.value('score', { output: 'variable' })], or leave predictions out.",
    ),
  );
}

function checkColumn({ _config: column }: PredictionColumn, outputs: TensorMetadata[] | undefined): Violation[] {
  const { name, element, k, classes, kind } = column;
  const output = outputs?.find((each) => each.name === column.output);
  const width = output && rowWidth(output);
  const most = width ?? Number.POSITIVE_INFINITY;
  const problems: string[] = [];
  if (outputs !== undefined && output === undefined) {
    problems.push(`is of the output ${quote(column.output)}, and the outputs of the model are ${namesOf(outputs)}`);
  }
  if (element !== undefined && !(Number.isInteger(element) && element >= 0 && element < most)) {
    problems.push(`is element ${element}${widthText(width)}`);
  }
  if (k !== undefined && !(Number.isInteger(k) && k >= 1 && k <= Math.min(most, classes?.length ?? most))) {
    problems.push(`has k ${k}${widthText(width ?? classes?.length)}`);
  }
  if (classes !== undefined && width !== undefined && classes.length !== width) {
    problems.push(`has ${classes.length} classes${widthText(width)}`);
  }
  if (kind === 'top-k' && (output?.datatype === 'BYTES' || output?.datatype === 'BOOL')) {
    problems.push(`is of the output ${quote(output.name)}, whose elements are ${output.datatype}`);
  }
  return problems.map((problem) =>
    violation(
      RULES.predictionOutput,
      `The column ${quote(name)} ${problem}.`,
      "Write for example PredictionColumn.element('probability', { output: 'probabilities', element: 1 }).",
    ),
  );
}

function widthText(width: number | undefined): string {
  return width === undefined ? '' : `, and the output has ${width} elements a row`;
}
