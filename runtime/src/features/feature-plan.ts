import type { FeatureConfig, FeatureLookupConfig } from '../contract';
import {
  DATATYPES,
  type Datatype,
  DYNAMIC,
  elementCount,
  type Signature,
  type TensorData,
  type TensorSpec,
} from '../model';
import { ELEMENT_READERS } from '../protocol';
import { writeValue } from './feature-value';

/** A lookup does not fit the model. */
export class FeaturePlanError extends Error {
  override readonly name = 'FeaturePlanError';
}

/** One feature, resolved against the model. */
export interface PlannedFeature {
  readonly name: string;
  readonly datatype: Datatype;

  /** One element: what is used when the store has no value. Absent = such a request fails. */
  readonly fallback?: TensorData;
}

/** How one input of the model comes about. */
export type InputPlan =
  /** It is sent by the client. */
  | { readonly kind: 'sent'; readonly sent: number }
  /** It is one feature. */
  | { readonly kind: 'feature'; readonly spec: TensorSpec; readonly feature: number }
  /** Some of its columns are features, the others are sent: `sent` is their input, unless all are features. */
  | {
      readonly kind: 'columns';
      readonly spec: TensorSpec;
      readonly width: number;
      readonly sent: number | undefined;
      readonly sentColumns: readonly number[];
      readonly features: readonly { readonly column: number; readonly feature: number }[];
    };

/** What a lookup does to the inputs of a model. */
export interface FeaturePlan {
  /** What clients send and get. */
  readonly signature: Signature;

  /** Position of the entity among the inputs that clients send. */
  readonly entity: number;

  readonly features: readonly PlannedFeature[];

  /** One an input of the model. */
  readonly inputs: readonly InputPlan[];
}

/** Datatypes that can name an entity. */
const KEY_DATATYPES: readonly Datatype[] = [
  'BYTES',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
];

/**
 * Resolves a lookup against a model.
 *
 * Clients send the model's inputs without what is looked up, and the entity: one key a row. The entity may be an input of
 * the model as well; then the model gets it too.
 *
 * @throws FeaturePlanError with what does not fit
 */
export function planFeatures(model: Signature, lookup: FeatureLookupConfig): FeaturePlan {
  const specs = lookup.features.map((feature) => inputOf(model, feature));
  checkEntity(model, lookup, specs);
  const sent: TensorSpec[] = [];
  const inputs = model.inputs.map((spec): InputPlan => {
    const looked = lookup.features.flatMap((feature, index) =>
      feature.input === spec.name ? [{ feature, index }] : [],
    );
    if (looked.length === 0) {
      return { kind: 'sent', sent: sent.push(spec) - 1 };
    }
    const [{ feature, index }] = looked;
    if (feature.column === undefined) {
      checkSingle(feature, spec);
      return { kind: 'feature', spec, feature: index };
    }
    return columnsOf(spec, looked, sent);
  });
  const [first] = specs;
  let entity = sent.findIndex(({ name }) => name === lookup.entity);
  if (entity < 0) {
    entity = sent.push(entitySpec(lookup.entity, first)) - 1;
  }
  return {
    signature: { inputs: sent, outputs: model.outputs },
    entity,
    inputs,
    features: lookup.features.map((feature, index) => plannedFeature(feature, specs[index].datatype)),
  };
}

function inputOf({ inputs }: Signature, { name, input }: FeatureConfig): TensorSpec {
  const spec = inputs.find((candidate) => candidate.name === input);
  if (spec === undefined) {
    const names = inputs.map((candidate) => `'${candidate.name}'`).join(', ');
    throw new FeaturePlanError(`feature '${name}' is for the input '${input}', but the model's inputs are ${names}.`);
  }
  if (spec.shape.length === 0) {
    throw new FeaturePlanError(`feature '${name}' is for the input '${input}', which has no rows.`);
  }
  return spec;
}

function checkEntity({ inputs }: Signature, { entity, features }: FeatureLookupConfig, specs: readonly TensorSpec[]) {
  if (features.some(({ input }) => input === entity)) {
    throw new FeaturePlanError(`the entity '${entity}' is an input that is looked up; give the entity another name.`);
  }
  const rows = specs[0].shape[0];
  const other = specs.find(({ shape }) => shape[0] !== rows);
  if (other !== undefined) {
    throw new FeaturePlanError(
      `the inputs '${specs[0].name}' and '${other.name}' have different numbers of rows, but one entity is sent a row.`,
    );
  }
  const own = inputs.find(({ name }) => name === entity);
  if (own === undefined) {
    return;
  }
  const oneKeyARow = own.shape.length > 0 && own.shape[0] === rows && elementCount(own.shape.slice(1)) === 1;
  if (!KEY_DATATYPES.includes(own.datatype) || !oneKeyARow) {
    throw new FeaturePlanError(
      `the entity '${entity}' is the model's input ${own.datatype} ${shapeText(own)}; an entity is one text or integer a row.`,
    );
  }
}

function checkSingle({ name }: FeatureConfig, spec: TensorSpec): void {
  if (elementCount(spec.shape.slice(1)) !== 1) {
    throw new FeaturePlanError(
      `feature '${name}' is for the input '${spec.name}' ${shapeText(spec)}, which has not one element a row; ` +
        'say which column of it the feature is.',
    );
  }
}

function columnsOf(
  spec: TensorSpec,
  looked: readonly { readonly feature: FeatureConfig; readonly index: number }[],
  sent: TensorSpec[],
): InputPlan {
  const [rows, width] = spec.shape;
  if (spec.shape.length !== 2 || width === DYNAMIC) {
    throw new FeaturePlanError(
      `feature '${looked[0].feature.name}' is a column of the input '${spec.name}' ${shapeText(spec)}, ` +
        'but only inputs of two dimensions, the second of them fixed, have columns.',
    );
  }
  const features = looked.map(({ feature: { name, column = 0 }, index }) => {
    if (column >= width) {
      throw new FeaturePlanError(
        `feature '${name}' is column ${column} of the input '${spec.name}', whose columns are 0 to ${width - 1}.`,
      );
    }
    return { column, feature: index };
  });
  const taken = new Set(features.map(({ column }) => column));
  const sentColumns = Array.from({ length: width }, (_, column) => column).filter((column) => !taken.has(column));
  const rest = { ...spec, shape: [rows, sentColumns.length] };
  return {
    kind: 'columns',
    spec,
    width,
    sentColumns,
    features,
    sent: sentColumns.length === 0 ? undefined : sent.push(rest) - 1,
  };
}

/** The entity as clients send it: as many rows as the inputs that it stands for. */
function entitySpec(name: string, { shape, symbols }: TensorSpec): TensorSpec {
  return { name, datatype: 'BYTES', shape: [shape[0], 1], symbols: [symbols[0], undefined] };
}

function plannedFeature({ name, input, defaultValue }: FeatureConfig, datatype: Datatype): PlannedFeature {
  if (defaultValue === undefined) {
    return { name, datatype };
  }
  const fallback = DATATYPES[datatype].allocate(1);
  if (!isValue(datatype, defaultValue, fallback)) {
    throw new FeaturePlanError(
      `the default of feature '${name}' must be ${ELEMENT_READERS[datatype].rule}: the input '${input}' is ${datatype}.`,
    );
  }
  return { name, datatype, fallback };
}

function isValue(datatype: Datatype, value: unknown, target: TensorData): boolean {
  // A number that lost digits on its way through JSON is no integer that anybody meant.
  const exact = typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value);
  return (exact || !datatype.endsWith('INT64')) && writeValue(datatype, value, target, 0);
}

function shapeText({ shape }: TensorSpec): string {
  return `[${shape.join(', ')}]`;
}
