import { styleText } from 'node:util';
import { WHOLE_SHARE } from '../contract';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export type Colour = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

/** Text in a colour, where there are colours. */
export type Paint = (colour: Colour, text: string) => string;

/** Colours of what guardrails say. */
export const OUTCOME_COLOURS: Readonly<Record<string, Colour>> = {
  pass: 'green',
  fail: 'red',
  undecided: 'yellow',
  'no-data': 'yellow',
};

/** Colours for a stream: on a terminal, unless the person wants none (https://no-color.org). */
export function paintFor({ isTTY }: { readonly isTTY?: boolean }): Paint {
  const hasColours = isTTY === true && !process.env.NO_COLOR;
  return (colour, text) => (hasColours ? styleText(colour, text, { validateStream: false }) : text);
}

/** A share of `WHOLE_SHARE` as a percentage. */
export function shareText(share: number): string {
  return `${Number(((100 * share) / WHOLE_SHARE).toFixed(2))} %`;
}

/** A duration in its two largest units. */
export function durationText(millis: number): string {
  const seconds = Math.max(0, Math.round(millis / 1000));
  if (seconds < MINUTE) {
    return `${seconds} s`;
  }
  const [large, largeUnit, small, smallUnit] =
    seconds < HOUR ? [MINUTE, 'min', 1, 's'] : seconds < DAY ? [HOUR, 'h', MINUTE, 'min'] : [DAY, 'd', HOUR, 'h'];
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${largeUnit}${rest === 0 ? '' : ` ${rest} ${smallUnit}`}`;
}

/** How long ago a time of ISO 8601 was. A time that is none is shown as it is. */
export function ageText(time: string, now: number): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? time : durationText(now - at);
}

/** Breaks a text into lines of a width, all but the first indented. A word that is longer is broken, too. */
export function wrap(text: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  let rest = text.trimEnd();
  let margin = '';
  while (margin.length + rest.length > width) {
    const room = Math.max(width - margin.length, 1);
    const space = rest.lastIndexOf(' ', room);
    const isBetweenWords = space > 0 && rest.slice(0, space).trim() !== '';
    const end = isBetweenWords ? space : room;
    lines.push(margin + rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
    margin = ' '.repeat(Math.min(indent, Math.floor(width / 2)));
  }
  return [...lines, margin + rest];
}
