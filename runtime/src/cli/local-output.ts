import { styleText } from 'node:util';
import type { LogLine } from '../local';

const COLOURS = ['cyan', 'magenta', 'yellow', 'green', 'blue', 'red'] as const;

/**
 * Writes the lines of containers to standard output, each with the names of its pod and container in front: in colour and
 * with log lines made readable on a terminal, unchanged otherwise.
 */
export function containerOutput(): (line: LogLine) => void {
  if (!process.stdout.isTTY) {
    return (line) => process.stdout.write(`${prefixOf(line)} ${line.text}\n`);
  }
  const { prettyFactory } = require('pino-pretty') as typeof import('pino-pretty');
  const pretty = prettyFactory({
    colorize: true,
    ignore: 'pid,hostname,name',
    translateTime: 'SYS:HH:MM:ss',
    errorLikeObjectKeys: ['error'],
    singleLine: true,
  });
  const colours = new Map<string, (typeof COLOURS)[number]>();
  return (line) => {
    const colour = colours.get(line.pod) ?? COLOURS[colours.size % COLOURS.length] ?? 'cyan';
    colours.set(line.pod, colour);
    const prefix = styleText(colour, prefixOf(line));
    const text = line.text.startsWith('{') ? pretty(line.text).trimEnd() : line.text;
    process.stdout.write(`${prefix} ${text}\n`);
  };
}

function prefixOf({ pod, container }: LogLine): string {
  return `[${pod}/${container}]`;
}
