/**
 * The lines of a text that arrives in parts; what stands after the last line break is dropped, as it is not whole.
 *
 * @throws RangeError when a line is longer than `maxLength` characters: a server that sends no line break must not fill
 * the memory
 */
export async function* linesOf(parts: AsyncIterable<string>, maxLength: number): AsyncGenerator<string> {
  let begun = '';
  for await (const part of parts) {
    const [first = '', ...others] = part.split('\n');
    let line = begun + first;
    for (const next of others) {
      yield line;
      line = next;
    }
    begun = line;
    if (begun.length > maxLength) {
      throw new RangeError(`a line has more than ${maxLength} characters`);
    }
  }
}
