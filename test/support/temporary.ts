import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes a directory of this test file, removed when its tests have run. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'model-serving-test-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
