import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { discoverModels, NoModelsError } from '../../runtime/src/config';
import { sha256 } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const root = temporaryDirectory();
let number = 0;

function directory(files: Record<string, string>): string {
  number += 1;
  const path = join(root, String(number));
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

describe('models of a directory', () => {
  it('are found by name, with the version 1 when there is no folder for it', async () => {
    const path = directory({ 'iris/model.onnx': 'iris', 'fraud/model.onnx': 'fraud', 'README.md': 'x' });
    const { config, unusable } = await discoverModels(path, { httpPort: 9000 });
    expect(unusable).toEqual([]);
    expect(config.server).toMatchObject({ httpPort: 9000, grpcPort: 8081, metricsPort: 8082 });
    expect(config.models).toEqual([
      {
        name: 'fraud',
        version: '1',
        format: 'onnx',
        path: join(path, 'fraud/model.onnx'),
        sha256: sha256('fraud'),
        warmUp: { runs: 1 },
      },
      {
        name: 'iris',
        version: '1',
        format: 'onnx',
        path: join(path, 'iris/model.onnx'),
        sha256: sha256('iris'),
        warmUp: { runs: 1 },
      },
    ]);
  });

  it('are found by version, in the order of the numbers; version folders win', async () => {
    const path = directory({
      'iris/v10/model.onnx': 'c',
      'iris/v9/model.onnx': 'b',
      'iris/v2/model.onnx': 'a',
      'iris/model.onnx': 'x',
      'iris/notes/a.txt': 'x',
    });
    const { config } = await discoverModels(path);
    expect(config.models.map(({ version, sha256: digest }) => [version, digest])).toEqual([
      ['v2', sha256('a')],
      ['v9', sha256('b')],
      ['v10', sha256('c')],
    ]);
  });

  it('are found through links', async () => {
    const path = directory({ 'iris/model.onnx': 'iris' });
    symlinkSync(join(path, 'iris'), join(path, 'alias'));
    const { config } = await discoverModels(path);
    expect(config.models.map(({ name }) => name)).toEqual(['alias', 'iris']);
  });

  it('that cannot be served are listed with the reason', async () => {
    const path = directory({ 'iris/model.onnx': 'iris', 'bad name/model.onnx': 'x', 'dir/model.onnx/file': 'x' });
    const { config, unusable } = await discoverModels(path);
    expect(config.models.map(({ name }) => name)).toEqual(['iris']);
    expect(unusable).toEqual([
      { name: 'bad name', version: '1', reason: expect.stringMatching(/folder name 'bad name' cannot be served/) },
      { name: 'dir', version: '1', reason: expect.stringMatching(/^its model\.onnx cannot be read \(EISDIR\)/) },
    ]);
    // Clients see it, so it tells nothing of the machine.
    expect(JSON.stringify(unusable)).not.toContain(path);
  });

  it.each([
    [
      'is missing',
      () => join(root, 'none'),
      /does not exist\. Expected: DIR\/<name>\/model\.onnx or DIR\/<name>\/<version>\/model\.onnx/,
    ],
    ['is a file', () => join(directory({ 'a.txt': 'x' }), 'a.txt'), /is a file; a directory of models is needed/],
    ['is empty', () => directory({}), /is empty\. Expected/],
    ['holds other things', () => directory({ 'a/b.txt': 'x' }), /No model found/],
    ['holds a loose model', () => directory({ 'iris.onnx': 'x' }), /There is .*iris\.onnx: move it to .*my-model/],
    [
      'holds only models that cannot be served',
      () => directory({ 'bad name/model.onnx': 'x' }),
      /No model below .* can be served:\n.*bad name/,
    ],
  ])('a directory that %s is told with what was looked for', async (_, path, message) => {
    const work = discoverModels(path());
    await expect(work).rejects.toThrow(NoModelsError);
    await expect(work).rejects.toThrow(message);
  });
});
