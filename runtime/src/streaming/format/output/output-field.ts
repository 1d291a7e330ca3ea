import type { EventOutputConfig } from '../../../contract';
import type { Datatype, Signature } from '../../../model';
import { defaultPredictions, type PredictionColumn, predictionColumns } from '../../../prediction-columns';
import { type JsonPointer, parsePointer } from '../json-pointer';
import { shownValue } from '../shown-value';

/** A field of predictions. */
export interface PredictionField extends Pick<PredictionColumn, 'name' | 'isList' | 'take'> {
  /** Datatype of its elements. */
  readonly datatype: Datatype;
}

/** What a produced event is made of. */
export interface OutputFields {
  readonly predictions: readonly PredictionField[];

  /** Names of fields that are copied: the first of what is carried. */
  readonly passed: readonly string[];

  /** Position of the key among what is carried; undefined = it is the key of the event. */
  readonly key: number | undefined;

  /** What is carried from events. */
  readonly carried: readonly JsonPointer[];
}

/** Datatypes of the elements that a column of predictions has in memory. */
const DATATYPES_OF_COLUMNS: Readonly<Record<string, Datatype>> = {
  BOOLEAN: 'BOOL',
  TINYINT: 'INT8',
  SMALLINT: 'INT16',
  INTEGER: 'INT32',
  BIGINT: 'INT64',
  UTINYINT: 'UINT8',
  USMALLINT: 'UINT16',
  UINTEGER: 'UINT32',
  UBIGINT: 'UINT64',
  FLOAT: 'FP32',
  DOUBLE: 'FP64',
  VARCHAR: 'BYTES',
};

/**
 * Resolves what is declared of outputs against the model.
 *
 * @param problems gets everything that does not fit
 */
export function outputFields(signature: Signature, config: EventOutputConfig, problems: string[]): OutputFields {
  const declared = config.predictions ?? defaultPredictions(signature);
  const columnProblems: string[] = [];
  const predictions = predictionColumns(signature, declared, columnProblems).map(
    ({ name, type, isList, take }): PredictionField => ({ name, isList, take, datatype: DATATYPES_OF_COLUMNS[type] }),
  );
  problems.push(...columnProblems.map((problem) => `output.predictions: ${problem}`));
  const carried: JsonPointer[] = [];
  const carry = (text: string, what: string): number => {
    const pointer = parsePointer(text);
    if (pointer === undefined) {
      problems.push(`${what} is ${shownValue(text)}, which is no JSON pointer; write "/name".`);
    }
    return carried.push(pointer ?? { text: '', tokens: [] }) - 1;
  };
  for (const { name, pointer } of config.passThrough) {
    carry(pointer, `output.passThrough '${name}'`);
  }
  const key = config.keyPointer === undefined ? undefined : carry(config.keyPointer, 'output.keyPointer');
  const passed = config.passThrough.map(({ name }) => name);
  const names = [...passed, ...declared.map(({ name }) => name)];
  for (const name of new Set(names.filter((candidate, index) => names.indexOf(candidate) < index))) {
    problems.push(`output: two fields have the name '${name}'; rename one of them.`);
  }
  return { predictions, passed, key, carried };
}
