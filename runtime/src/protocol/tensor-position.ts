import { badRequest, shown } from '../request-error';

/**
 * Position of an input or an output of the model, by the name that a request gives.
 *
 * @param positions of all inputs, or of all outputs
 * @param what `an input` or `an output`
 * @param path where the name stands, without `.name`
 * @throws RequestError 400 when the model has none of this name
 */
export function positionOf(
  positions: ReadonlyMap<string, number>,
  name: unknown,
  what: 'an input' | 'an output',
  path: string,
): number {
  const position = typeof name === 'string' ? positions.get(name) : undefined;
  if (position === undefined) {
    const names = [...positions.keys()].map((known) => `'${known}'`).join(', ');
    throw badRequest(`${path}.name must be ${what} of the model (${names}); found ${shown(name)}.`);
  }
  return position;
}
