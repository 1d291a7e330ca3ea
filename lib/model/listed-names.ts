import { quote } from '../kubernetes';

/**
 * What is wrong with a list of names: empty ones, and those that are there twice.
 *
 * @param prop where they are declared, for the message
 */
export function nameProblems(prop: string, names: string[]): string[] {
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) < index));
  return [
    ...(names.includes('') ? [`${prop} has an empty name.`] : []),
    ...[...repeated].map((name) => `${prop} has ${quote(name)} twice.`),
  ];
}
