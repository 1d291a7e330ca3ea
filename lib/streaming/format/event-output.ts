import type { EventOutputConfig } from '../../contract';
import { quote, RULES, type Violation, violation } from '../../kubernetes';
import { checkPredictionColumns, type Model, nameProblems, type PredictionColumn } from '../../model';
import type { EventFormat } from './event-format';
import { checkField, pointerOf } from './field';

/** What decides how predictions are written. */
export interface DeclaredOutput {
  readonly model: Model;
  readonly inputFormat: EventFormat;
  readonly outputFormat: EventFormat;
  readonly predictions?: PredictionColumn[];
  readonly passThrough?: { readonly [field: string]: string };
  readonly key?: string;
  readonly headers?: string[];
}

/** How predictions are written, as the runtime reads it, without the registry. */
export function renderEventOutput(declared: DeclaredOutput): Omit<EventOutputConfig, 'schemaRegistry'> {
  const { outputFormat, predictions, passThrough = {}, key, headers } = declared;
  const { _format: format, _cloudEvents: cloudEvents, _registered: registered } = outputFormat;
  return {
    format,
    mode: format === 'cloudevents' ? (cloudEvents.mode ?? 'structured') : undefined,
    eventType: cloudEvents.type,
    subject: registered?.subject,
    predictions: predictions?.map(({ _config: config }) => config),
    passThrough: Object.entries(passThrough).map(([name, field]) => ({ name, pointer: pointerOf(field) })),
    keyPointer: key === undefined ? undefined : pointerOf(key),
    headers,
  };
}

/** Checks how predictions are written, against the model where it is known. */
export function checkEventOutput(declared: DeclaredOutput): Violation[] {
  const { model, outputFormat, predictions, passThrough = {}, key, headers } = declared;
  const copied = Object.keys(passThrough);
  const defaults = model.signature?.outputs.map(({ name }) => name) ?? [];
  const clashing = predictions === undefined ? copied.filter((name) => defaults.includes(name)) : [];
  return [
    ...(predictions === undefined ? [] : checkPredictionColumns(predictions, copied, model.signature?.outputs)),
    ...Object.entries(passThrough).flatMap(([name, field]) => checkField(`passThrough.${name}`, field)),
    ...(key === undefined ? [] : checkField('key', key)),
    ...[
      ...nameProblems('passThrough', copied),
      ...nameProblems('headers', headers ?? []),
      ...clashing.map((name) => `passThrough has ${quote(name)}, which is an output of the model.`),
      ...tensorProblems(declared),
    ].map((found) => violation(RULES.passThroughFields, found, 'Leave it out, or give it another name.')),
    ...(outputFormat._format === 'tensor' && predictions !== undefined
      ? [
          violation(
            RULES.eventFormat,
            'outputFormat is EventFormat.tensors(), and predictions is set.',
            'Remove one of them: tensors are all outputs of the model.',
          ),
        ]
      : []),
  ];
}

/** Rows of tensors have no fields to copy from or to. */
function tensorProblems({ inputFormat, outputFormat, passThrough = {}, key }: DeclaredOutput): string[] {
  const fromTensors = inputFormat._format === 'tensor';
  const toTensors = outputFormat._format === 'tensor';
  const some = Object.keys(passThrough).length > 0;
  return [
    ...(some && (fromTensors || toTensors)
      ? [`passThrough is set, and ${fromTensors ? 'format' : 'outputFormat'} is EventFormat.tensors().`]
      : []),
    ...(key !== undefined && fromTensors ? ['key is set, and format is EventFormat.tensors().'] : []),
  ];
}
