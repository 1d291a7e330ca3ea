import type { EventFieldsConfig } from '../../contract';
import { quote, RULES, type Violation, violation } from '../../kubernetes';
import { type Model, namesOf, rowWidth, shapeText, type TensorMetadata } from '../../model';
import { checkValue, type FeatureLookup, sentInputs } from '../../online';
import { checkField, pointerOf } from './field';
import { InputFields } from './input-fields';

/** What decides where inputs are. */
export interface DeclaredInputs {
  readonly model: Model;
  readonly inputs?: { readonly [input: string]: InputFields };
  readonly features?: FeatureLookup;
}

/** Inputs of the model that events give, where its file is known: those that are looked up are left out, the entity is added. */
function givenInputs({ model, features }: DeclaredInputs): TensorMetadata[] | undefined {
  const inputs = model.signature?.inputs;
  return inputs === undefined || features === undefined ? inputs : sentInputs(inputs, features);
}

/** Fields of every input: as declared, else the field of its name, which is a list where a row has several elements. */
export function renderInputFields(declared: DeclaredInputs): EventFieldsConfig[] {
  return Object.entries(allFields(declared)).map(([input, fields]) => ({
    input,
    pointers: fields._fields.map(pointerOf),
    missing: fields._missing,
  }));
}

/** Checks that the model can be run with what events give. */
export function checkInputFields(declared: DeclaredInputs): Violation[] {
  const given = givenInputs(declared);
  const { model } = declared;
  const fields = allFields(declared);
  const problems = Object.entries(fields).flatMap(([input, each]) => inputProblems(input, each, given));
  if (Object.keys(fields).length === 0 && given === undefined && model._violations.length === 0) {
    problems.push('inputs is not set, and the inputs of the model are not known before its file is downloaded.');
  }
  const example = given?.[0]?.name ?? 'input';
  return [
    ...Object.entries(fields).flatMap(([input, { _fields: all }]) =>
      all.flatMap((field) => checkField(`A field of inputs.${input}`, field)),
    ),
    ...problems.map((found) =>
      violation(
        RULES.eventInputs,
        found,
        `Write for example inputs: { ${JSON.stringify(example)}: InputFields.of(['duration_ms', 'size']) }, with a field for each element.`,
      ),
    ),
  ];
}

function allFields(declared: DeclaredInputs): { [input: string]: InputFields } {
  const { inputs = {} } = declared;
  const others = (givenInputs(declared) ?? []).filter(({ name }) => !Object.hasOwn(inputs, name));
  return { ...inputs, ...Object.fromEntries(others.map((input) => [input.name, defaultFields(input)])) };
}

function defaultFields(input: TensorMetadata): InputFields {
  return rowWidth(input) === 1 ? InputFields.of([input.name]) : InputFields.list(input.name);
}

function inputProblems(input: string, fields: InputFields, given: TensorMetadata[] | undefined): string[] {
  const tensor = given?.find(({ name }) => name === input);
  if (given !== undefined && tensor === undefined) {
    return [`inputs has ${quote(input)}, and events give ${namesOf(given)}.`];
  }
  const { _fields: all, _isList: isList, _missing: missing } = fields;
  const width = tensor && rowWidth(tensor);
  const mismatch = tensor === undefined || missing === undefined ? undefined : checkValue(missing, tensor.datatype);
  const repeated = all.filter((field, index) => all.indexOf(field) < index);
  return [
    ...(all.length === 0 ? [`inputs.${input} has no field.`] : []),
    ...(isList || all.length === 0 || width === undefined || width === all.length
      ? []
      : [`inputs.${input} has ${all.length} fields, and a row takes ${width} elements (${shapeText(tensor)}).`]),
    ...[...new Set(repeated)].map((field) => `inputs.${input} has the field ${quote(field)} twice.`),
    ...(mismatch === undefined
      ? []
      : [`inputs.${input} has ${quote(missing)} for what is missing, and takes ${mismatch}.`]),
  ];
}
