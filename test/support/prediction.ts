/** Sends a JSON body; returns the JSON answer. Fails when the status is not 200. */
export async function predict<T>(url: string, body: unknown): Promise<T> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const text = await response.text();
  if (response.status !== 200) {
    throw new Error(`${url} answered ${response.status}: ${text}`);
  }
  return JSON.parse(text) as T;
}

/** Largest difference between two lists of numbers of the same shape. */
export function largestDifference(actual: readonly number[][], expected: readonly number[][]): number {
  expect(actual.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  return Math.max(
    ...expected.flatMap((row, index) => row.map((value, column) => Math.abs(value - (actual[index]?.[column] ?? NaN)))),
  );
}

/** Rows of a flat, row-major list. */
export function rowsOf(flat: readonly number[], width: number): number[][] {
  return Array.from({ length: flat.length / width }, (_, row) => flat.slice(row * width, (row + 1) * width));
}
