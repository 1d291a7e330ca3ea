import { DEFAULT_IMAGE, RUNTIME_VERSION } from '../../lib/contract';
import library from '../../package.json';
import runtime from '../../runtime/package.json';

test('library, runtime and the default image have one version', () => {
  expect([library.version, runtime.version]).toEqual([RUNTIME_VERSION, RUNTIME_VERSION]);
  expect(DEFAULT_IMAGE).toMatch(new RegExp(`:${RUNTIME_VERSION}$`));
});
