/** One value of the text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([A-Za-z_:][A-Za-z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$/;
const LABEL = /([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/**
 * Reads the wanted metrics of a Prometheus text exposition. What is no sample, or no finite number, is left out.
 *
 * @param isWanted by the name of the metric
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function readSamples(text: string, isWanted: (name: string) => boolean): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    // Most lines are of other metrics: their labels are not even looked at.
    if (line.startsWith('#') || !isWanted(nameOf(line))) {
      continue;
    }
    const match = LINE.exec(line);
    const value = Number(match?.[3]);
    if (match !== null && Number.isFinite(value)) {
      samples.push({ name: match[1], labels: readLabels(match[2] ?? ''), value });
    }
  }
  return samples;
}

function nameOf(line: string): string {
  const end = line.search(/[{\s]/);
  return end < 0 ? line : line.slice(0, end);
}

function readLabels(text: string): Record<string, string> {
  const pairs = [...text.matchAll(LABEL)].map(([, name, value]) => [name, value.replace(/\\(.)/g, unescaped)]);
  return Object.fromEntries(pairs);
}

function unescaped(_: string, character: string): string {
  return character === 'n' ? '\n' : character;
}
