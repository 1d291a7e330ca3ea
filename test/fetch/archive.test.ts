import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ModelSourceConfig } from '../../lib/contract';
import { fetchModels } from '../../runtime/src/fetch';
import { createLogger } from '../../runtime/src/telemetry';
import { type Entry, tar, tarGz, zip } from '../support/archives';
import { type FileServer, sendFile, startServer } from '../support/file-server';
import { modelConfig, servingConfig, sha256, sourceConfig } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const MODEL = Buffer.from('a model, not too short to be packed, packed, packed');
const GOOD: Entry[] = [
  { name: 'README.md', content: Buffer.from('hello') },
  { name: 'model/', type: 'directory', mode: 0o040755 },
  { name: 'model/model.onnx', content: MODEL },
];
const logger = createLogger({ level: 'silent' });
const root = temporaryDirectory();
let content: Buffer = Buffer.alloc(0);
let server: FileServer;
let number = 0;

beforeAll(async () => {
  server = await startServer((request, response) => sendFile(request, response, content));
});

afterAll(() => server.close());

async function fetchArchive(
  archive: Buffer,
  source: Partial<ModelSourceConfig> = {},
  digest = sha256(MODEL),
): Promise<string> {
  content = archive;
  number += 1;
  const path = join(root, String(number), 'model.onnx');
  const from = sourceConfig({ uri: `${server.url}/model.archive`, archiveMember: 'model/model.onnx', ...source });
  try {
    const retry = { attempts: 1, baseMillis: 1, maxMillis: 1, stallMillis: 10_000 };
    await fetchModels(servingConfig(modelConfig({ path, sha256: digest, source: from })), { logger, retry });
  } catch (error) {
    expect(existsSync(path)).toBe(false);
    throw error;
  } finally {
    expect(readdirSync(dirname(path)).filter((name) => name !== 'model.onnx')).toEqual([]);
  }
  return path;
}

async function refusal(archive: Buffer, source: Partial<ModelSourceConfig> = {}): Promise<unknown> {
  return fetchArchive(archive, source).then(
    () => undefined,
    (error: unknown) => error,
  );
}

const FORMATS = [
  ['tar', tar],
  ['tar.gz', tarGz],
  ['zip', zip],
] as const;

describe.each(FORMATS)('a model in a %s archive', (_, pack) => {
  it('is taken out', async () => {
    expect(readFileSync(await fetchArchive(await pack(GOOD))).equals(MODEL)).toBe(true);
  });

  it('is found below a leading ./', async () => {
    const archive = await pack(GOOD.map((entry) => ({ ...entry, name: `./${entry.name}` })));
    expect(readFileSync(await fetchArchive(archive)).equals(MODEL)).toBe(true);
  });

  it('is checked against its own digest', async () => {
    const archive = await pack([{ name: 'model/model.onnx', content: Buffer.from('another') }]);
    expect(await refusal(archive)).toMatchObject({ exitCode: 43, message: expect.stringContaining(sha256('another')) });
  });

  it('is not touched when the archive has another digest', async () => {
    const fault = await refusal(await pack(GOOD), { archiveSha256: sha256('something') });
    expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining(sha256('something')) });
  });

  it('passes with the digest of the archive', async () => {
    const archive = await pack(GOOD);
    await fetchArchive(archive, { archiveSha256: sha256(archive) });
  });

  it('is missed by name', async () => {
    const fault = await refusal(await pack([{ name: 'weights.onnx', content: MODEL }]));
    expect(fault).toMatchObject({
      exitCode: 43,
      message: expect.stringContaining('holds no "model/model.onnx" (but "weights.onnx")'),
    });
  });

  it.each(['../evil', 'model/../../evil', '/etc/evil', 'C:/evil', 'model/..', 'a\\..\\..\\evil'])(
    'is refused beside the path %s',
    async (name) => {
      const fault = await refusal(await pack([...GOOD, { name, content: Buffer.from('evil') }]));
      expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining('is refused') });
    },
  );

  it('is refused when a name is there twice', async () => {
    const fault = await refusal(await pack([...GOOD, { name: './model/model.onnx', content: Buffer.from('evil') }]));
    expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining('is there twice') });
  });

  it('is refused when the archive unpacks to more than the limit', async () => {
    const archive = await pack([...GOOD, { name: 'zeros', content: Buffer.alloc(2 * 1024 * 1024) }]);
    const fault = await refusal(archive, { maxBytes: 1024 * 1024 });
    expect(fault).toMatchObject({ exitCode: 43 });
  });

  it('is refused when the archive is cut off', async () => {
    const archive = await pack(GOOD);
    expect(await refusal(archive.subarray(0, archive.length - 700))).toMatchObject({ exitCode: 43 });
  });
});

describe.each([
  ['tar.gz', tarGz],
  ['zip', zip],
] as const)('a bomb in a %s archive', (_, pack) => {
  it('is refused by its ratio', async () => {
    const fault = await refusal(await pack([...GOOD, { name: 'zeros', content: Buffer.alloc(32 * 1024 * 1024) }]));
    expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining('more than 200 times its size') });
  });
});

describe('entries that are no plain files', () => {
  it.each(['symlink', 'link', 'character-device', 'block-device', 'fifo'] as const)(
    'tar: a %s is refused',
    async (type) => {
      const fault = await refusal(await tar([...GOOD, { name: 'evil', type }]));
      expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining(`is a ${type}`) });
    },
  );

  it.each([
    ['symlink', 0o120777],
    ['special file', 0o020666],
  ])('zip: a %s is refused', async (kind, mode) => {
    const fault = await refusal(await zip([...GOOD, { name: 'evil', mode, content: Buffer.from('/etc/passwd') }]));
    expect(fault).toMatchObject({ exitCode: 43, message: expect.stringContaining(`is a ${kind}`) });
  });

  it('zip: a size that is a lie is refused', async () => {
    const fault = await refusal(await zip([{ name: 'model/model.onnx', content: MODEL, claimedBytes: 5 }]));
    expect(fault).toMatchObject({ exitCode: 43 });
  });

  it('a file that is no archive is refused', async () => {
    expect(await refusal(Buffer.alloc(2048, 'x'))).toMatchObject({ exitCode: 43 });
    expect(await refusal(gzipSync('not a tar'))).toMatchObject({ exitCode: 43 });
  });
});
