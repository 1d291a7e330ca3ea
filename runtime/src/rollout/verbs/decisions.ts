import type { RolloutCommand } from '../../contract';
import type { Decision } from '../state';

/** A line of the log of decisions, of this version of the controller or another. */
export type LoggedDecision = Partial<Decision>;

/** The decisions of a log, oldest first. A line that is none is left out. */
export function parseDecisions(lines: string): LoggedDecision[] {
  return lines.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [value as LoggedDecision] : [];
    } catch {
      return [];
    }
  });
}

/** A decision in one line, for people: what, and who asked for it. */
export function decisionText({
  kind,
  message = kind ?? 'a decision of another version',
  by = '',
  why = '',
}: LoggedDecision): string {
  const asked = [by, why].filter((text) => text !== '' && !message.includes(text)).join(': ');
  return asked === '' ? message : `${message} (${asked})`;
}

/** What the annotation of a verb says: JSON, or the reason alone. */
export function commandOf(value: string): Partial<RolloutCommand> & { readonly why: string } {
  try {
    const { id, by, why } = JSON.parse(value) as Record<string, unknown>;
    if (typeof id === 'string') {
      return { id, ...(typeof by === 'string' ? { by } : {}), why: typeof why === 'string' ? why : '' };
    }
  } catch {
    // a plain text
  }
  return { why: value };
}
