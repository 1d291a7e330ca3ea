import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelIntegrityError, verifyFile } from '../../runtime/src/model';
import { sha256 } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

describe('verifyFile', () => {
  const directory = temporaryDirectory();
  const content = 'a model';
  const digest = sha256(content);
  let count = 0;
  const fresh = () => {
    count += 1;
    return join(directory, `model-${count}`);
  };
  const written = (text: string | Buffer = content) => {
    const path = fresh();
    writeFileSync(path, text);
    return path;
  };

  it('accepts the promised file', async () => {
    const path = written();
    await expect(verifyFile(path, digest)).resolves.toEqual({ path, bytes: content.length });
  });

  it('reads a file of several pieces', async () => {
    const large = Buffer.alloc(2 * 1024 * 1024 + 7, 'x');
    await expect(verifyFile(written(large), sha256(large))).resolves.toMatchObject({ bytes: large.length });
  });

  it('follows the symbolic links of a ConfigMap volume and answers the real path', async () => {
    const data = join(directory, '..2026_11');
    mkdirSync(data);
    writeFileSync(join(data, 'model.onnx'), content);
    symlinkSync('..2026_11', join(directory, '..data'));
    symlinkSync('..data/model.onnx', join(directory, 'model.onnx'));

    await expect(verifyFile(join(directory, 'model.onnx'), digest)).resolves.toEqual({
      path: join(data, 'model.onnx'),
      bytes: content.length,
    });
  });

  const refusal = async (path: string): Promise<ModelIntegrityError> => {
    const error: unknown = await verifyFile(path, digest).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ModelIntegrityError);
    return error as ModelIntegrityError;
  };

  it('refuses other content with both digests and exit code 43', async () => {
    const error = await refusal(written('another model'));
    expect(error).toMatchObject({ exitCode: 43 });
    expect(error.message).toContain(digest);
    expect(error.message).toContain(sha256('another model'));
    expect(error.reason).not.toContain(directory);
  });

  it('refuses a missing file', async () => {
    expect((await refusal(fresh())).reason).toMatch(/does not exist/);
  });

  it('refuses an empty file', async () => {
    expect((await refusal(written(''))).reason).toMatch(/empty/);
  });

  it('refuses a file with a second name', async () => {
    const path = written();
    linkSync(path, fresh());
    expect((await refusal(path)).reason).toMatch(/2 hard links/);
  });

  it('refuses a directory', async () => {
    const path = fresh();
    mkdirSync(path);
    expect((await refusal(path)).reason).toMatch(/not a regular file/);
  });

  it('refuses a named pipe without waiting for its writer', async () => {
    const path = fresh();
    execFileSync('mkfifo', [path]);
    expect((await refusal(path)).reason).toMatch(/not a regular file/);
  });
});
