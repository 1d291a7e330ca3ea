import { quote, RULES, type Violation, violation } from '../kubernetes';
import type { TensorMetadata } from '../model';
import type { BatchJobProps } from './batch-job-props';
import { featureColumns } from './job-config';
import type { PredictionColumn } from './prediction-column';
import { type RedisSinkOptions, redisSinks } from './prediction-sink';
import { rowWidth } from './row-width';

/** Checks the columns that are read and written, against the model where it is known. */
export function checkColumns(props: BatchJobProps): Violation[] {
  const { passThrough, predictions, model, outputs } = props;
  return [
    ...checkFeatures(props),
    ...(passThrough === undefined ? [] : checkNames(RULES.passThrough, 'passThrough', passThrough)),
    ...(predictions === undefined ? [] : checkPredictionNames(predictions, passThrough ?? [])),
    ...(predictions ?? []).flatMap((column) => checkPrediction(column, model.signature?.outputs)),
    ...redisSinks(outputs).flatMap((options) => checkSinkColumns(options, props)),
  ];
}

function checkFeatures(props: BatchJobProps): Violation[] {
  const { features = {}, model } = props;
  const inputs = model.signature?.inputs;
  const problems: string[] = [];
  for (const { input, columns } of featureColumns(props)) {
    const tensor = inputs?.find(({ name }) => name === input);
    const width = tensor && rowWidth(tensor);
    if (inputs !== undefined && tensor === undefined) {
      problems.push(`features has ${quote(input)}, and the inputs of the model are ${namesOf(inputs)}.`);
    } else if (width !== undefined && width !== columns.length) {
      problems.push(
        `features.${input} has ${columns.length} columns, and the input takes ${width} elements a row (${shapeOf(tensor)}).`,
      );
    } else if (columns.length === 0) {
      problems.push(`features.${input} has no column.`);
    }
    problems.push(...nameProblems(`features.${input}`, columns));
  }
  const missing = (inputs ?? []).filter((input) => !Object.hasOwn(features, input.name) && rowWidth(input) !== 1);
  problems.push(
    ...missing.map((input) => `features has no columns for the input ${quote(input.name)} (${shapeOf(input)}).`),
  );
  if (inputs === undefined && model._violations.length === 0 && Object.keys(features).length === 0) {
    problems.push('features is not set, and the inputs of the model are not known before its file is downloaded.');
  }
  const example = inputs?.[0]?.name ?? 'input';
  return problems.map((found) =>
    violation(
      RULES.featureColumns,
      found,
      `Write for example features: { ${JSON.stringify(example)}: ['age', 'income'] }, with a column for each element.`,
    ),
  );
}

function checkPredictionNames(predictions: PredictionColumn[], copied: string[]): Violation[] {
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

function checkPrediction({ _config: column }: PredictionColumn, outputs: TensorMetadata[] | undefined): Violation[] {
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

function checkSinkColumns(options: RedisSinkOptions, props: BatchJobProps): Violation[] {
  const { key, columns = [] } = options;
  const { passThrough, predictions, model } = props;
  const features = featureColumns(props).flatMap((each) => each.columns);
  const isCopied = passThrough?.includes(key) ?? !features.includes(key);
  // Columns that are copied because none are named are known to the table alone.
  const known = passThrough && [
    ...passThrough,
    ...(predictions?.map(({ name }) => name) ?? model.signature?.outputs.map(({ name }) => name) ?? columns),
  ];
  return [
    ...(key !== '' && isCopied ? [] : [`The key of a table is ${quote(key)}, which is not copied to the output.`]),
    ...columns
      .filter((column) => known?.includes(column) === false)
      .map((column) => `A table keeps ${quote(column)}, which is no column of the output.`),
    ...nameProblems('columns', columns),
    ...(options.columns?.length === 0 ? ['columns is empty.'] : []),
  ].map((found) => violation(RULES.sinkColumns, found, 'Add the column to passThrough, or name another one.'));
}

function checkNames(rule: Violation['rule'], prop: string, names: string[]): Violation[] {
  return nameProblems(prop, names).map((found) => violation(rule, found, 'Name each column once.'));
}

function nameProblems(prop: string, names: string[]): string[] {
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) < index));
  return [
    ...(names.includes('') ? [`${prop} has an empty name.`] : []),
    ...[...repeated].map((name) => `${prop} has ${quote(name)} twice.`),
  ];
}

function namesOf(tensors: TensorMetadata[]): string {
  return tensors.map(({ name }) => quote(name)).join(', ');
}

function shapeOf(tensor: TensorMetadata | undefined): string {
  return tensor === undefined ? 'unknown' : `${tensor.datatype} [${tensor.shape.join(', ')}]`;
}

function widthText(width: number | undefined): string {
  return width === undefined ? '' : `, and the output has ${width} elements a row`;
}
