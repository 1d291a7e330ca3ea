import { DATATYPES, type Tensor, type TensorData } from '../model';
import type { RedisReply } from '../redis';
import type { FeatureOutcome } from '../telemetry';
import type { FeaturePlan, InputPlan, PlannedFeature } from './feature-plan';
import { writeText } from './feature-value';

/** What a store has of one entity: the text of each field, null = it has none; or `invalid`: what is there is no hash. */
export type EntityReply = RedisReply<readonly (Buffer | null)[]>;

/** How old the values of an entity may be. */
export interface Freshness {
  /** Milliseconds since the last change. */
  readonly maxAgeMillis: number;
}

/** Values of one feature in one request, by outcome. */
export type OutcomeCounts = Record<FeatureOutcome, number>;

/** The inputs of a request with what was looked up. */
export interface CompletedInputs {
  /** One tensor an input of the model. */
  readonly inputs: readonly Tensor[];

  /** One for each feature. */
  readonly counts: readonly OutcomeCounts[];
}

/** A clock that is further ahead than this is no time in seconds. */
const MOST_AHEAD_SECONDS = 86_400;

/** What a store said of the entity of a row: values, or why there are none. */
type RowReply = readonly (Buffer | null)[] | FeatureOutcome;

/**
 * Puts looked-up values beside those that were sent.
 *
 * Where the store has no usable value the default takes its place; without default the element stays zero, and the
 * counts say so.
 *
 * @param replies one a row; undefined = the store did not answer
 * @param freshness undefined = age does not matter; else the time of change is the last value of each reply
 */
export function completeInputs(
  plan: FeaturePlan,
  sent: readonly Tensor[],
  replies: readonly (EntityReply | undefined)[],
  freshness: Freshness | undefined,
): CompletedInputs {
  const rows = replies.map((reply) => rowReply(reply, freshness));
  const counts = plan.features.map(
    (): OutcomeCounts => ({ found: 0, missing: 0, stale: 0, invalid: 0, unavailable: 0 }),
  );
  const fill = (feature: number, target: TensorData, first: number, stride: number) => {
    for (let row = 0; row < rows.length; row += 1) {
      const outcome = write(plan.features[feature], rows[row], feature, target, first + row * stride);
      counts[feature][outcome] += 1;
    }
  };
  const inputs = plan.inputs.map((input) => complete(input, sent, rows.length, fill));
  return { inputs, counts };
}

type Fill = (feature: number, target: TensorData, first: number, stride: number) => void;

function complete(input: InputPlan, sent: readonly Tensor[], rows: number, fill: Fill): Tensor {
  if (input.kind === 'sent') {
    return sent[input.sent];
  }
  const { spec } = input;
  const width = input.kind === 'feature' ? 1 : input.width;
  const data = DATATYPES[spec.datatype].allocate(rows * width);
  if (input.kind === 'feature') {
    fill(input.feature, data, 0, 1);
  } else {
    if (input.sent !== undefined) {
      spread(sent[input.sent].data, input.sentColumns, data, width, rows);
    }
    for (const { column, feature } of input.features) {
      fill(feature, data, column, width);
    }
  }
  return { datatype: spec.datatype, shape: [rows, ...spec.shape.slice(1)], data };
}

/** Copies the columns that were sent to where the model has them. */
function spread(from: TensorData, columns: readonly number[], to: TensorData, width: number, rows: number): void {
  let next = 0;
  for (let row = 0; row < rows; row += 1) {
    for (const column of columns) {
      to[row * width + column] = from[next];
      next += 1;
    }
  }
}

function write(
  { datatype, fallback }: PlannedFeature,
  row: RowReply,
  feature: number,
  target: TensorData,
  offset: number,
): FeatureOutcome {
  const outcome = typeof row === 'string' ? row : writeFound(datatype, row[feature], target, offset);
  if (outcome !== 'found' && fallback !== undefined) {
    target[offset] = fallback[0];
  }
  return outcome;
}

function writeFound(
  datatype: PlannedFeature['datatype'],
  text: Buffer | null,
  target: TensorData,
  offset: number,
): FeatureOutcome {
  if (text === null) {
    return 'missing';
  }
  return writeText(datatype, text, target, offset) ? 'found' : 'invalid';
}

function rowReply(reply: EntityReply | undefined, freshness: Freshness | undefined): RowReply {
  if (reply === undefined) {
    return 'unavailable';
  }
  if (reply === 'invalid') {
    return 'invalid';
  }
  return freshness === undefined || reply.every((value) => value === null) || isFresh(reply.at(-1), freshness)
    ? reply
    : 'stale';
}

/** Without a usable time of change nobody can say that values are fresh. */
function isFresh(text: Buffer | null | undefined, { maxAgeMillis }: Freshness): boolean {
  const changed = new Float64Array(1);
  if (!text || !writeText('FP64', text, changed, 0)) {
    return false;
  }
  const age = Date.now() / 1000 - changed[0];
  return age <= maxAgeMillis / 1000 && age >= -MOST_AHEAD_SECONDS;
}
