import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectLocationConfig } from '../../../lib/contract';
import { localFile, type ObjectStore, openStore, requireCreateOnly } from '../../../runtime/src/batch/store';
import { createLogger } from '../../../runtime/src/telemetry';
import { describeWith } from '../../support/requires';
import { temporaryDirectory } from '../../support/temporary';
import { VERSITYGW } from '../../support/versitygw';
import { AZURITE, startAzurite } from '../support/azurite';
import { startFakeGcs } from '../support/fake-gcs';
import { startBucket, writeCredentials } from '../support/s3-bucket';

const logger = createLogger({ level: 'silent' });
const retry = { attempts: 3, baseMillis: 1, maxMillis: 2, stallMillis: 10_000 };
const root = temporaryDirectory();
const ALWAYS = { what: '', present: true };

/** Where a store is, once its server runs. */
interface Place {
  readonly location: ObjectLocationConfig;
  stop?(): Promise<void>;
}

const places: [string, { what: string; present: boolean }, () => Promise<Place>][] = [
  ['files', ALWAYS, async () => ({ location: { uri: join(root, 'files and folders'), store: { type: 'file' } } })],
  [
    'S3',
    VERSITYGW,
    async () => {
      const { server, store } = await startBucket(join(root, 's3'), 'tables');
      return { location: { uri: 's3://tables/a%20folder', store }, stop: server.stop };
    },
  ],
  [
    'Google Cloud Storage',
    ALWAYS,
    async () => {
      const server = await startFakeGcs();
      const store = { type: 'gcs', endpoint: server.url, allowPrivate: true };
      return { location: { uri: 'gs://tables/folder/', store }, stop: server.stop };
    },
  ],
  [
    'Azure Blob Storage',
    AZURITE,
    async () => {
      const { url, account, key, stop } = await startAzurite(join(root, 'azure'), 'tables');
      const credentialsPath = writeCredentials(join(root, 'azure-credentials'), {
        AZURE_STORAGE_ACCOUNT: account,
        AZURE_STORAGE_KEY: key,
      });
      const store = { type: 'azure-blob', credentialsPath, allowPrivate: true };
      return { location: { uri: `${url}/tables/folder`, store }, stop };
    },
  ],
];

for (const [name, needs, start] of places) {
  describeWith(`objects in ${name}`, needs, () => {
    let place: Place;
    let store: ObjectStore;

    beforeAll(async () => {
      place = await start();
      store = await openStore(place.location, { logger, retry });
    });

    afterAll(async () => {
      store.close();
      await place.stop?.();
    });

    it('are created by one of many that try, and keep the content of that one', async () => {
      const contents = Array.from({ length: 8 }, (_, index) => Buffer.from(`content ${index}`));
      const results = await Promise.all(contents.map((content) => store.create('run=1/_plan.json', content)));
      expect(results.filter((result) => result === 'created')).toHaveLength(1);
      expect((await store.get('run=1/_plan.json'))?.equals(contents[results.indexOf('created')] ?? Buffer.of())).toBe(
        true,
      );
    });

    it('are replaced by put, and removed', async () => {
      await store.put('run=1/progress', Buffer.from('1'));
      await store.put('run=1/progress', Buffer.from('two'));
      expect((await store.get('run=1/progress'))?.toString()).toBe('two');
      await store.delete('run=1/progress');
      await store.delete('run=1/progress');
      expect(await store.get('run=1/progress')).toBeUndefined();
      expect(await store.head('run=1/progress')).toBeUndefined();
    });

    it('are made of files, and read by parts', async () => {
      const path = join(root, `${name}.bin`);
      const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) % 251));
      writeFileSync(path, content);
      await store.put('run=1/parts/0-0-x.parquet', await localFile(path));
      expect(await store.create('run=1/parts/0-0-x.parquet', await localFile(path))).toBe('exists');
      const info = await store.head('run=1/parts/0-0-x.parquet');
      expect(info).toMatchObject({ key: 'run=1/parts/0-0-x.parquet', bytes: content.length });
      const chunks: Buffer[] = [];
      for await (const chunk of store.read('run=1/parts/0-0-x.parquet', {
        from: 1000,
        to: 250_000,
        etag: info?.etag,
      })) {
        chunks.push(chunk);
      }
      expect(Buffer.concat(chunks).equals(content.subarray(1000, 250_000))).toBe(true);
    });

    it('are not read any more when they were changed or removed', async () => {
      await store.put('changing', Buffer.from('before'));
      const etag = (await store.head('changing'))?.etag;
      await store.put('changing', Buffer.from('after!!'));
      const readAll = async () => {
        for await (const chunk of store.read('changing', { from: 0, to: 6, etag })) {
          void chunk;
        }
      };
      await expect(readAll()).rejects.toMatchObject({ name: 'ObjectChangedError', exitCode: 42 });
      await store.delete('changing');
      await expect(readAll()).rejects.toMatchObject({ exitCode: 42 });
    });

    it('are listed by the start of their keys, with odd names and over pages, and by folders', async () => {
      const keys = [
        'run=2/_units/1-0.json',
        'run=2/_units/1-1.json',
        'run=2/_units/10-0.json',
        'run=2/_units/2-0.json',
      ];
      const odd = 'run=2/parts/a b+c%20d&e=ü.parquet';
      for (const key of [...keys, odd]) {
        await store.create(key, Buffer.from(key));
      }
      const listed = async (prefix: string) => {
        const found: string[] = [];
        for await (const { key } of store.list(prefix)) {
          found.push(key);
        }
        return found.sort();
      };
      expect(await listed('run=2/_units/1-')).toEqual(keys.slice(0, 2));
      expect(await listed('run=2/')).toEqual([...keys, odd]);
      expect(await listed('none/')).toEqual([]);
      expect((await store.get(odd))?.toString()).toBe(odd);
      expect((await store.folders('')).sort()).toEqual(['run=1', 'run=2']);
      expect((await store.folders('run=2/')).sort()).toEqual(['_units', 'parts']);
    });

    it('pass the probe of create-only writes', async () => {
      await requireCreateOnly(store, 'run=1/_probe.json');
      await requireCreateOnly(store, 'run=1/_probe.json');
    });
  });
}

describe('files', () => {
  it('leave no temporary file behind', async () => {
    const directory = join(root, 'tidy');
    const store = await openStore({ uri: directory, store: { type: 'file' } }, { logger });
    await store.create('x/marker.json', Buffer.from('1'));
    await store.create('x/marker.json', Buffer.from('2'));
    await store.put('x/marker.json', Buffer.from('3'));
    expect(readdirSync(join(directory, 'x'))).toEqual(['marker.json']);
  });

  it('end with code 43 where they cannot be written', async () => {
    mkdirSync(join(root, 'blocked'));
    writeFileSync(join(root, 'blocked/run=1'), 'a file where a folder should be');
    const store = await openStore({ uri: join(root, 'blocked'), store: { type: 'file' } }, { logger, retry });
    await expect(store.put('run=1/x', Buffer.of(1))).rejects.toMatchObject({
      message: expect.stringContaining('cannot be written'),
    });
  });
});
