import { checkDuration, millisOf, quote, RULES, readableMillis, type Violation, violation } from '../../kubernetes';
import type { Model, TensorMetadata } from '../../model';
import { checkRedisServer } from '../redis-server';
import { checkValue } from '../tensor-value';
import { defaultOf, type FeatureLookup, keyTemplate, targetOf } from './feature-lookup';
import type { RedisLookupOptions } from './redis-lookup-options';

const DYNAMIC = -1;

/** Datatypes that can name an entity. */
const KEYS = /^(BYTES|U?INT(8|16|32|64))$/;

/** Checks a feature lookup against the model and its latency budget. */
export function checkFeatureLookup(lookup: FeatureLookup, model: Model, budgetMillis: number): Violation[] {
  const { _options: options } = lookup;
  return [
    ...checkRedisServer('features', options),
    ...checkKey(options),
    ...checkNames(options),
    ...checkAge(options),
    ...checkTimeout(options, budgetMillis),
    ...(model.signature === undefined ? [] : checkInputs(options, model.name, model.signature.inputs)),
  ];
}

function checkKey(options: RedisLookupOptions): Violation[] {
  const key = keyTemplate(options);
  return options.entity !== '' && key.split('{entity}').length === 2
    ? []
    : [
        violation(
          RULES.featureKey,
          `features.entity is ${quote(options.entity)}, and the key ${quote(key)}.`,
          "Write for example { entity: 'card_id', key: 'card:{entity}' }.",
        ),
      ];
}

function checkNames(options: RedisLookupOptions): Violation[] {
  const { features } = options;
  const problems: string[] = [];
  if (features.length === 0) {
    problems.push('features.features is empty.');
  }
  if (features.includes('')) {
    problems.push('features.features has an empty name.');
  }
  for (const name of new Set(features.filter((each, index) => features.indexOf(each) < index))) {
    problems.push(`features.features has ${quote(name)} twice.`);
  }
  for (const prop of ['inputs', 'columns', 'defaults'] as const) {
    for (const name of Object.keys(options[prop] ?? {}).filter((each) => !features.includes(each))) {
      problems.push(`features.${prop} has ${quote(name)}, which is no feature of the list.`);
    }
  }
  return [...problems, ...targetProblems(options)].map((what) =>
    violation(
      RULES.featureNames,
      what,
      "Write for example { features: ['mean_7d', 'count_1h'], columns: { mean_7d: 2, count_1h: 3 } }.",
    ),
  );
}

function targetProblems(options: RedisLookupOptions): string[] {
  const targets = [...new Set(options.features)].map((feature) => ({ feature, ...targetOf(feature, options) }));
  return targets.flatMap(({ feature, input, column }, index) => {
    const earlier = targets.slice(0, index).filter((other) => other.input === input);
    const same = earlier.find((other) => other.column === column);
    const mixed = earlier.find((other) => (other.column === undefined) !== (column === undefined));
    return [
      ...(same === undefined ? [] : [`The features ${quote(same.feature)} and ${quote(feature)} fill the same place.`]),
      ...(mixed === undefined
        ? []
        : [`Of the features ${quote(mixed.feature)} and ${quote(feature)} of one input, one has no column.`]),
    ];
  });
}

function checkAge({ maxAge, timestampField, features }: RedisLookupOptions): Violation[] {
  const problem = (what: string) =>
    violation(RULES.featureAge, what, "Write for example { timestampField: 'updated_at', maxAge: Duration.hours(1) }.");
  return [
    ...(maxAge !== undefined && timestampField === undefined
      ? [problem(`features.maxAge is ${maxAge.toHumanString()}, and timestampField is not set.`)]
      : []),
    ...(timestampField !== undefined && (timestampField === '' || features.includes(timestampField))
      ? [problem(`features.timestampField is ${quote(timestampField)}.`)]
      : []),
    ...checkDuration('features.maxAge', maxAge),
  ];
}

function checkTimeout({ timeout }: RedisLookupOptions, budgetMillis: number): Violation[] {
  return [
    ...checkDuration('features.timeout', timeout),
    ...(timeout === undefined || millisOf(timeout) < budgetMillis
      ? []
      : [
          violation(
            RULES.featureTimeout,
            `features.timeout is ${readableMillis(millisOf(timeout))}, and the latency budget is ${readableMillis(budgetMillis)}.`,
            'Leave timeout out, or write a fraction of the budget.',
          ),
        ]),
  ];
}

function checkInputs(options: RedisLookupOptions, model: string, inputs: TensorMetadata[]): Violation[] {
  const names = inputs.map(({ name }) => `'${name}'`).join(', ');
  const found: Violation[] = [];
  const entity = inputs.find(({ name }) => name === options.entity);
  if (entity !== undefined && (isLookedUp(entity, options) || !isKey(entity))) {
    found.push(
      violation(
        RULES.featureEntity,
        `features.entity is ${quote(options.entity)}, the input ${entity.datatype} [${entity.shape.join(', ')}] of the model ${quote(model)}.`,
        "Give the entity another name in requests, such as 'card_id'.",
      ),
    );
  }
  for (const feature of new Set(options.features)) {
    const target = targetOf(feature, options);
    const input = inputs.find(({ name }) => name === target.input);
    const problem = input === undefined ? `the model has the inputs ${names}` : placeProblem(input, target.column);
    if (problem !== undefined) {
      found.push(
        violation(
          RULES.featureInput,
          `The feature ${quote(feature)} fills ${placeText(target)}, and ${problem}.`,
          `Write for example inputs: { ${JSON.stringify(feature)}: ${JSON.stringify(inputs[0]?.name ?? 'input')} }, and columns for inputs that take a row of values.`,
        ),
      );
    }
    const value = defaultOf(feature, options);
    const mismatch = value === undefined || input === undefined ? undefined : checkValue(value, input.datatype);
    if (input !== undefined && mismatch !== undefined) {
      found.push(
        violation(
          RULES.featureDefault,
          `The default of the feature ${quote(feature)} is ${JSON.stringify(value)}, and the input ${quote(input.name)} takes ${mismatch}.`,
          'Write a value of that type.',
        ),
      );
    }
  }
  return found;
}

function isLookedUp({ name }: TensorMetadata, options: RedisLookupOptions): boolean {
  return options.features.some((feature) => targetOf(feature, options).input === name);
}

function isKey({ datatype, shape }: TensorMetadata): boolean {
  return KEYS.test(datatype) && shape.length > 0 && shape.slice(1).every((size) => size === 1);
}

function placeText({ input, column }: { input: string; column?: number }): string {
  return column === undefined ? `the input ${quote(input)}` : `column ${column} of the input ${quote(input)}`;
}

/** Why a value cannot go there; `undefined` when it can. */
function placeProblem({ shape }: TensorMetadata, column: number | undefined): string | undefined {
  const text = `[${shape.join(', ')}]`;
  if (column !== undefined && !(Number.isInteger(column) && column >= 0)) {
    return 'columns are counted from 0';
  }
  const row = shape.slice(1);
  if (column === undefined) {
    return shape.length > 0 && row.every((size) => size === 1)
      ? undefined
      : `that input has the shape ${text}, not one value a row`;
  }
  const [width = 0] = row;
  return row.length === 1 && width !== DYNAMIC && column < width ? undefined : `that input has the shape ${text}`;
}
