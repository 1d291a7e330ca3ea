import { quote, RULES, type Violation, violation } from '../kubernetes';
import { checkPredictionColumns, nameProblems, namesOf, rowWidth, shapeText } from '../model';
import type { BatchJobProps } from './batch-job-props';
import { featureColumns } from './job-config';
import { type RedisSinkOptions, redisSinks } from './prediction-sink';

/** Checks the columns that are read and written, against the model where it is known. */
export function checkColumns(props: BatchJobProps): Violation[] {
  const { passThrough, predictions, model, outputs } = props;
  return [
    ...checkFeatures(props),
    ...(passThrough === undefined ? [] : checkNames(RULES.passThrough, 'passThrough', passThrough)),
    ...(predictions === undefined
      ? []
      : checkPredictionColumns(predictions, passThrough ?? [], model.signature?.outputs)),
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
        `features.${input} has ${columns.length} columns, and the input takes ${width} elements a row (${shapeText(tensor)}).`,
      );
    } else if (columns.length === 0) {
      problems.push(`features.${input} has no column.`);
    }
    problems.push(...nameProblems(`features.${input}`, columns));
  }
  const missing = (inputs ?? []).filter((input) => !Object.hasOwn(features, input.name) && rowWidth(input) !== 1);
  problems.push(
    ...missing.map((input) => `features has no columns for the input ${quote(input.name)} (${shapeText(input)}).`),
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
