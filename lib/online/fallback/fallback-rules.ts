import { quote, RULES, type Violation, violation } from '../../kubernetes';
import type { Model, ModelSignature, TensorMetadata } from '../../model';
import { type FeatureLookup, sentInputs } from '../features';
import { checkCache } from '../scheduling';
import { checkValue } from '../tensor-value';
import type { Fallback } from './fallback';

const DYNAMIC = -1;

/**
 * Checks a fallback against the model that it stands in for.
 *
 * @param features lookup of inputs, where there is one: clients do not send those
 */
export function checkFallback({ _answer: answer }: Fallback, model: Model, features?: FeatureLookup): Violation[] {
  switch (answer.kind) {
    case 'prediction':
      return checkPrediction(answer.output, model);
    case 'model':
      return [...answer.model._violations, ...checkModel(answer.model, model, features)];
    case 'cached':
      return checkCache('fallback', answer.maxSize, answer.maxAge);
  }
}

function checkPrediction(output: { readonly [name: string]: unknown }, { name, signature }: Model): Violation[] {
  const names = Object.keys(output);
  const problems =
    signature === undefined
      ? [
          ...(names.length === 0 ? ['it has no output'] : []),
          ...names.flatMap((each) => rowProblems(output[each], undefined, each)),
        ]
      : outputProblems(output, signature);
  const outputs = signature?.outputs.map((each) => `${each.name} ${each.datatype} [${each.shape.join(', ')}]`);
  return problems.map((problem) =>
    violation(
      RULES.fallbackPrediction,
      `Fallback.prediction does not fit the model ${quote(name)}: ${problem}.`,
      outputs === undefined
        ? 'Write a number, a text or a boolean for every output, or nested lists of them.'
        : `Write the value of one row for ${outputs.join('; ')}.`,
    ),
  );
}

function outputProblems(prediction: { readonly [name: string]: unknown }, signature: ModelSignature): string[] {
  const { outputs } = signature;
  const rows = hasRows(signature);
  const unknown = Object.keys(prediction).filter((name) => outputs.every((output) => output.name !== name));
  return [
    ...unknown.map((name) => `${quote(name)} is no output`),
    ...outputs.flatMap((output) =>
      Object.hasOwn(prediction, output.name)
        ? rowProblems(prediction[output.name], rows ? { ...output, shape: output.shape.slice(1) } : output, output.name)
        : [`it has no ${quote(output.name)}`],
    ),
  ];
}

/** Whether the first dimension of every input and output counts rows. */
function hasRows({ inputs, outputs }: ModelSignature): boolean {
  const sizes = [...inputs, ...outputs].map(({ shape }) => shape[0]);
  return inputs.length > 0 && sizes[0] !== undefined && sizes.every((size) => size === sizes[0]);
}

/**
 * What is wrong with the value of one output.
 *
 * @param output its tensor, of one row; without it any value will do
 */
function rowProblems(value: unknown, output: TensorMetadata | undefined, name: string): string[] {
  const values = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [value];
  const wrong = values.map((each) => elementProblem(each, output)).find((problem) => problem !== undefined);
  if (wrong !== undefined) {
    return [`${quote(name)} takes ${wrong}`];
  }
  const shape = shapeOf(value);
  if (shape === undefined) {
    return [`the lists of ${quote(name)} have different lengths`];
  }
  const row = output?.shape;
  // A list of one may be written as its value.
  const fits =
    row === undefined ||
    (shape.length === 0 && row.every((size) => size === 1)) ||
    (row.length === shape.length && row.every((size, axis) => size === DYNAMIC || size === shape[axis]));
  return fits ? [] : [`${quote(name)} has the shape [${shape.join(', ')}], and a row has [${row.join(', ')}]`];
}

function elementProblem(value: unknown, output: TensorMetadata | undefined): string | undefined {
  if (output !== undefined) {
    return checkValue(value, output.datatype);
  }
  const known = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  return known ? undefined : 'numbers, texts or booleans';
}

/** Lengths of nested lists, from the outside in; `undefined` when lists of one level differ. */
function shapeOf(value: unknown): number[] | undefined {
  if (!Array.isArray(value)) {
    return [];
  }
  const inner = value.map(shapeOf);
  const [first = []] = inner;
  return inner.every((each) => JSON.stringify(each) === JSON.stringify(first)) ? [value.length, ...first] : undefined;
}

function checkModel(other: Model, model: Model, features: FeatureLookup | undefined): Violation[] {
  const problem = (found: string, fix: string) => violation(RULES.fallbackModel, found, fix);
  const named = `Fallback.model ${quote(other.name)} version ${quote(other.version)}`;
  if (other.name === model.name && other.version === model.version) {
    return [problem(`${named} is the model itself.`, 'Name another model, or another version.')];
  }
  if (other.signature === undefined || model.signature === undefined) {
    return [];
  }
  const { inputs, outputs } = model.signature;
  const sent = features === undefined ? inputs : sentInputs(inputs, features);
  const missing = other.signature.inputs.filter((input) => sent.every((each) => textOf([each]) !== textOf([input])));
  return [
    ...(missing.length === 0
      ? []
      : [
          problem(
            `${named} takes ${textOf(missing)}, and clients send ${textOf(sent)}.`,
            'Export a model that takes nothing but what clients send, with the same names, types and shapes.',
          ),
        ]),
    ...(textOf(outputs) === textOf(other.signature.outputs)
      ? []
      : [
          problem(
            `${named} has the outputs ${textOf(other.signature.outputs)}, and the model ${textOf(outputs)}.`,
            'Export both models with the same names, types and shapes, in the same order.',
          ),
        ]),
  ];
}

function textOf(tensors: TensorMetadata[]): string {
  return tensors.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`).join('; ');
}
