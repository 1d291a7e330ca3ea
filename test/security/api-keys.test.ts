import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiKeys } from '../../runtime/src/security/api-keys';
import { createLogger } from '../../runtime/src/telemetry';
import { eventually } from '../support/eventually';
import { mountSecret } from '../support/mounted-secret';
import { sha256 } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const logger = createLogger({ level: 'silent' });
const opened: ApiKeys[] = [];

afterEach(() => {
  for (const keys of opened.splice(0)) {
    keys.close();
  }
});

async function open(path: string): Promise<ApiKeys> {
  const keys = await ApiKeys.open({ path }, logger, 20);
  opened.push(keys);
  return keys;
}

let count = 0;
const newPath = () => {
  count += 1;
  return join(directory, `${count}`);
};
const mount = (files: Record<string, string>) => mountSecret(newPath(), files);

describe('API keys of a mounted Secret', () => {
  it('finds the client of a key, and of each of several keys', async () => {
    const { path } = mount({
      checkout: `${sha256('old')}\n${sha256('new').toUpperCase()}\r\n\n`,
      'back.office': sha256('müsli'),
      revoked: '',
    });
    const keys = await open(path);
    expect(keys.find('old')).toBe('checkout');
    expect(keys.find('new')).toBe('checkout');
    expect(keys.find('new')).toBe('checkout');
    // As Node.js gives the bytes of a header.
    expect(keys.find(Buffer.from('müsli').toString('latin1'))).toBe('back.office');
    for (const wrong of ['', 'ol', 'old ', sha256('old'), 'checkout']) {
      expect(keys.find(wrong)).toBeUndefined();
    }
  });

  it('an empty directory lets nobody in', async () => {
    const keys = await open(mount({}).path);
    expect(keys.find('')).toBeUndefined();
  });

  it('takes what a swapped link brings, without a restart', async () => {
    const secret = mount({ checkout: sha256('first') });
    const keys = await open(secret.path);
    expect(keys.find('first')).toBe('checkout');
    secret.write({ checkout: sha256('second'), reports: sha256('third') });
    await eventually('the new key counts', () => keys.find('third') === 'reports');
    expect(keys.find('second')).toBe('checkout');
    expect(keys.find('first')).toBeUndefined();
    secret.write({ checkout: sha256('second') });
    await eventually('the removed client is unknown', () => keys.find('third') === undefined);
  });

  it('keeps the last good keys of a client whose file is damaged, and revokes those of others', async () => {
    const secret = mount({ checkout: sha256('first'), reports: sha256('second') });
    const keys = await open(secret.path);
    expect(keys.find('second')).toBe('reports');
    secret.write({ checkout: 'not a digest', reports: sha256('third') });
    await eventually('the new key counts', () => keys.find('third') === 'reports');
    expect(keys.find('second')).toBeUndefined();
    expect(keys.find('first')).toBe('checkout');
    secret.write({ checkout: sha256('repaired'), reports: sha256('third') });
    await eventually('the repaired file counts', () => keys.find('repaired') === 'checkout');
    expect(keys.find('first')).toBeUndefined();
  });

  it('keeps everything while the directory is away', async () => {
    const { path } = mount({ checkout: sha256('first') });
    const keys = await open(path);
    renameSync(path, `${path}-moved`);
    expect(keys.find('first')).toBe('checkout');
    mountSecret(path, { checkout: sha256('second') });
    await eventually('the new directory counts', () => keys.find('second') === 'checkout');
  });

  it.each([
    ['a damaged file', (path: string) => writeFileSync(join(path, 'checkout'), `${sha256('a')}\nsecret-in-clear`)],
    ['too many keys', (path: string) => writeFileSync(join(path, 'a'), `${sha256('a')}\n`.repeat(1001))],
    ['a file that is too large', (path: string) => writeFileSync(join(path, 'a'), '\n'.repeat(65_537))],
    ['no directory', (path: string) => rmSync(path, { recursive: true })],
    [
      'a file in its place',
      (path: string) => {
        rmSync(path, { recursive: true });
        writeFileSync(path, '');
      },
    ],
  ])('%s at the start is an error of the configuration that shows no secret', async (_name, damage) => {
    const path = newPath();
    mkdirSync(path);
    damage(path);
    const failure = await open(path).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'ConfigurationError', exitCode: 43 });
    expect(String(failure)).toContain('server.authentication.apiKeys.path');
    expect(String(failure)).not.toContain('secret-in-clear');
  });
});
