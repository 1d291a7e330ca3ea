import { linesOf } from '../../runtime/src/kubernetes-api/lines';

async function* parts(...texts: string[]) {
  yield* texts;
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) {
    all.push(line);
  }
  return all;
}

it('are the same however the text is cut; what is not ended is none', async () => {
  expect(await collect(linesOf(parts('a', 'b\nc\n', '\nd', 'e\n', 'f'), 10))).toEqual(['ab', 'c', '', 'de']);
});

it('that never end do not fill the memory', async () => {
  await expect(collect(linesOf(parts('a\n', 'bbb', 'bbb', 'bbb'), 5))).rejects.toThrow('more than 5 characters');
});
