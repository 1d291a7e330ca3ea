import { decisionText, type LoggedDecision } from '../rollout';
import { type Colour, OUTCOME_COLOURS, type Paint, wrap } from './rollout-text';

/** What a history is drawn with. */
export interface HistoryOptions {
  readonly paint: Paint;

  /** Columns. */
  readonly width: number;
}

const INDENT = 4;

/** The log of decisions, for people: each with the numbers that it rests on. */
export function historyOf(decisions: readonly LoggedDecision[], options: HistoryOptions): string[] {
  return decisions.flatMap((decision) => [
    ...headOf(decision, options),
    ...evidenceOf(decision, options),
    ...reportsOf(decision, options),
  ]);
}

function headOf(decision: LoggedDecision, { paint, width }: HistoryOptions): string[] {
  const { time = '', kind = '', phase, step, revision } = decision;
  const place = [
    ...(phase === undefined ? [] : [phase]),
    ...(step === undefined || step < 0 ? [] : [`step ${step + 1}`]),
    ...(revision === undefined ? [] : [`revision ${revision}`]),
  ].join(', ');
  const [first = '', ...rest] = wrap(`${time}  ${kind}: ${decisionText(decision)} [${place}]`, width, INDENT);
  return [first.replace(kind, () => paint(COLOURS[kind] ?? 'bold', kind)), ...rest];
}

const COLOURS: Readonly<Record<string, Colour>> = {
  promoted: 'green',
  aborting: 'red',
  'rolled-back': 'red',
  paused: 'yellow',
  'missing-data': 'yellow',
  refused: 'yellow',
};

function evidenceOf({ evidence = {} }: LoggedDecision, { paint, width }: HistoryOptions): string[] {
  return Object.entries(evidence).flatMap(([name, { outcome, reason, p, alpha }]) => {
    const numbers = typeof p === 'number' ? ` (p ${Number(p.toPrecision(3))}, alpha ${alpha})` : ` (alpha ${alpha})`;
    const [first = '', ...rest] = wrap(
      `${' '.repeat(INDENT)}${name}: ${outcome}: ${reason}${numbers}`,
      width,
      2 * INDENT,
    );
    return [first.replace(outcome, () => paint(OUTCOME_COLOURS[outcome] ?? 'bold', outcome)), ...rest];
  });
}

/** Numbers that decided nothing: those that are plain, by their names. */
function reportsOf({ reports = [] }: LoggedDecision, { width }: HistoryOptions): string[] {
  return reports.flatMap(({ test, noData, ...numbers }) => {
    const plain = Object.entries(numbers).flatMap(([name, value]) =>
      typeof value === 'number' ? [`${name} ${Number(value.toPrecision(4))}`] : [],
    );
    return wrap(`${' '.repeat(INDENT)}${test}: ${noData ?? plain.join(', ')}`, width, 2 * INDENT);
  });
}
