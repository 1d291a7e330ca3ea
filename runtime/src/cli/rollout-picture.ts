import { type GuardrailStatus, type RolloutArmStatus, type RolloutStatus, WHOLE_SHARE } from '../contract';
import { decisionText, type PendingCommand, type RolloutSnapshot } from '../rollout';
import { ageText, type Colour, durationText, OUTCOME_COLOURS, type Paint, shareText, wrap } from './rollout-text';

const BAR_CELLS = 40;
const LEAST_CELLS = 10;
const MAX_DECISIONS = 5;

/** A controller renews its Lease every few seconds. */
const SILENCE_MILLIS = 60_000;

const PHASE_COLOURS: Readonly<Record<string, Colour>> = {
  Progressing: 'cyan',
  Paused: 'yellow',
  Promoting: 'green',
  Promoted: 'green',
  Aborting: 'red',
  RolledBack: 'red',
};

/** What a picture is drawn with. */
export interface PictureOptions {
  readonly paint: Paint;

  /** Columns. */
  readonly width: number;

  /** Milliseconds since 1970. */
  readonly now: number;

  /** How long nothing has been heard of the controller. Absent = not known. */
  readonly silentMillis?: number;
}

/** The state of a rollout, as lines for people. */
export function pictureOf(snapshot: RolloutSnapshot, options: PictureOptions): string[] {
  const { status } = snapshot;
  const warnings = warningsOf(snapshot, options).flatMap((text) => coloured(text, options, 0, 'yellow'));
  if (status === undefined) {
    return [options.paint('bold', snapshot.name), ...warnings];
  }
  return [
    ...head(status, options),
    ...warnings,
    '',
    ...traffic(status, options),
    '',
    options.paint('bold', 'Steps'),
    ...steps(status, options),
    '',
    options.paint('bold', 'Guardrails'),
    ...guardrails(status.guardrails, options),
    '',
    options.paint('bold', 'Requests since the start'),
    ...arms(status).flatMap((text) => wrapped(text, options, 4)),
    ...decisions(snapshot, options),
  ];
}

function head(
  { name, phase, reason, since, model, stable, candidate }: RolloutStatus,
  options: PictureOptions,
): string[] {
  const { paint, now } = options;
  const colour = PHASE_COLOURS[phase] ?? 'bold';
  const title = `${name}   ${model} ${stable.version} → ${candidate.version}   ${phase} for ${ageText(since, now)}`;
  const [first = '', ...rest] = wrapped(title, options, 2, phase, colour);
  return [first.replace(name, () => paint('bold', name)), ...rest, ...wrapped(reason, options, 0)];
}

/** What a person should know before the rest. */
function warningsOf(snapshot: RolloutSnapshot, { silentMillis = 0 }: PictureOptions): string[] {
  const { status, declaredCandidate, pending } = snapshot;
  return [
    ...(status === undefined ? ['The controller has not written yet: it starts, or does not run.'] : []),
    ...(declaredCandidate === undefined
      ? []
      : [
          `The manifest declares the candidate ${declaredCandidate}. The controller has not begun with it: what follows is the rollout before.`,
        ]),
    ...(silentMillis > SILENCE_MILLIS
      ? [
          `The controller has not been heard of for ${durationText(silentMillis)}: nothing goes on, and what follows may be old.`,
        ]
      : []),
    ...pending.map((command) => `${requestText(command)} waits for the controller.`),
  ];
}

function requestText({ verb, by, why }: PendingCommand): string {
  return `The request ${verb}${by === undefined ? '' : ` of ${by}`}${why === '' ? '' : ` (${why})`}`;
}

function traffic(status: RolloutStatus, options: PictureOptions): string[] {
  const { stable, candidate, candidateWeight, mirror, proxies } = status;
  const { width } = options;
  const left = `${stable.version} ${shareText(WHOLE_SHARE - candidateWeight)}`;
  const right = `${candidate.version} ${shareText(candidateWeight)}`;
  const room = width - left.length - right.length - 4;
  const served = `${proxies.serving} of ${proxies.all} proxies serve this`;
  return [
    ...(room < LEAST_CELLS
      ? [...wrapped(`${left}, ${right}`, options, 0), bar(candidateWeight, width, options)]
      : [`${left}  ${bar(candidateWeight, room, options)}  ${right}`]),
    ...wrapped(mirror === 0 ? served : `${shareText(mirror)} mirrored to ${candidate.version}, ${served}`, options, 0),
  ];
}

/** The split: none and all only where the share is none and all. */
function bar(share: number, room: number, { paint }: PictureOptions): string {
  const all = Math.max(2, Math.min(BAR_CELLS, room));
  const least = share > 0 ? 1 : 0;
  const most = share < WHOLE_SHARE ? all - 1 : all;
  const cells = Math.min(Math.max(Math.round((all * share) / WHOLE_SHARE), least), most);
  return paint('cyan', '█'.repeat(all - cells)) + paint('yellow', '░'.repeat(cells));
}

function steps(status: RolloutStatus, options: PictureOptions): string[] {
  const { step, phase } = status;
  const isOver = phase === 'Promoting' || phase === 'Promoted';
  const all = [...status.steps, 'promotion'];
  const current = isOver ? all.length - 1 : (step?.index ?? -1);
  const width = Math.max(...all.map((text) => text.length));
  return all.flatMap((text, index) => {
    const word =
      index < current || (index === current && phase === 'Promoted') ? 'done' : index === current ? wordOf(phase) : '';
    const line = `  ${word.padEnd(8)}${String(index + 1).padStart(2)}  ${text.padEnd(width)}`;
    const detail = index === current && index < status.steps.length ? progressOf(status) : '';
    const colour = word === 'done' ? 'green' : word === '' ? 'dim' : 'bold';
    return coloured(detail === '' ? line : `${line}   ${detail}`, options, 17 + width, colour);
  });
}

function wordOf(phase: string): string {
  return phase === 'RolledBack' || phase === 'Aborting' ? 'ended' : phase === 'Paused' ? 'paused' : 'now';
}

/** Time and samples of the step, against what it needs. */
function progressOf({ step, stable, candidate, reason }: RolloutStatus): string {
  if (step === undefined) {
    return '';
  }
  const { observedMillis, minMillis, samples, minSamples, waiting } = step;
  const time = durationText(observedMillis) + (minMillis === undefined ? '' : ` of ${durationText(minMillis)}`);
  const of = minSamples === undefined ? '' : ` of ${minSamples}`;
  const requests = `${stable.version}: ${samples.stable}${of}, ${candidate.version}: ${samples.candidate}${of} requests`;
  return [time, requests, ...(waiting === undefined || waiting === reason ? [] : [`waits: ${waiting}`])].join('; ');
}

function guardrails(list: readonly GuardrailStatus[], options: PictureOptions): string[] {
  const width = Math.max(0, ...list.map(({ name }) => name.length));
  return list.flatMap(({ name, outcome, reason }) => {
    const start = `  ${outcome.padEnd(9)}  ${name.padEnd(width)}  `;
    return wrapped(start + reason, options, start.length, outcome, OUTCOME_COLOURS[outcome]);
  });
}

function arms({ stable, candidate }: RolloutStatus): string[] {
  const rows = [
    { role: 'stable', ...stable },
    { role: 'candidate', ...candidate },
  ];
  const width = Math.max(...rows.map(({ version }) => version.length));
  return rows.map((row) => `  ${row.role.padEnd(9)}  ${row.version.padEnd(width)}  ${requestsOf(row)}`);
}

function requestsOf({ requests, failures }: RolloutArmStatus): string {
  const share = requests === 0 ? '' : ` (${Number(((100 * failures) / requests).toPrecision(3))} %)`;
  return `${requests}, ${failures} failed${share}`;
}

function decisions({ decisions: all }: RolloutSnapshot, options: PictureOptions): string[] {
  if (all.length === 0) {
    return [];
  }
  const last = all.slice(-MAX_DECISIONS).map((decision) => ({
    age: decision.time === undefined ? '' : `${ageText(decision.time, options.now)} ago`,
    text: decisionText(decision),
  }));
  const width = Math.max(...last.map(({ age }) => age.length));
  const lines = last.flatMap(({ age, text }) => wrapped(`  ${age.padEnd(width)}  ${text}`, options, 4 + width));
  return ['', options.paint('bold', 'Last decisions'), ...lines];
}

/** Lines that fit; one word of them in a colour. */
function wrapped(
  text: string,
  { width, paint }: PictureOptions,
  indent: number,
  word = '',
  colour: Colour = 'bold',
): string[] {
  const lines = wrap(text, width, indent);
  const place = word === '' ? -1 : lines.findIndex((line) => line.includes(word));
  return lines.map((line, index) => (index === place ? line.replace(word, () => paint(colour, word)) : line));
}

/** Lines that fit, in a colour. */
function coloured(text: string, options: PictureOptions, indent: number, colour: Colour): string[] {
  return wrap(text, options.width, indent).map((line) => options.paint(colour, line));
}
