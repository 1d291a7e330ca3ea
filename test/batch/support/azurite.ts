import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { eventually } from '../../support/eventually';
import { freePort } from '../../support/free-port';

/** The account that the server has: public knowledge, and for tests alone. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** An Azure Blob Storage of one test file. */
export interface AzureServer {
  readonly url: string;
  readonly account: string;
  readonly key: string;
  stop(): Promise<void>;
}

/** The server program, as a need of `describeWith`. */
export const AZURITE = {
  what: 'azurite (npm install --prefix node_modules/.cache/azurite azurite@3.37)',
  present: program() !== undefined,
};

/** Starts the server on a directory, with one container. */
export async function startAzurite(directory: string, container: string): Promise<AzureServer> {
  const port = await freePort();
  const args = ['--blobHost', '127.0.0.1', '--blobPort', `${port}`, '--location', directory];
  const child = spawn(process.execPath, [program() ?? '', ...args, '--silent', '--skipApiVersionCheck'], {
    stdio: 'ignore',
  });
  const ended = new Promise<void>((done) => child.on('close', () => done()));
  const url = `http://127.0.0.1:${port}/${ACCOUNT}`;
  await eventually('the Azure server answers', async () => (await fetch(url)).status > 0);
  const credential = new StorageSharedKeyCredential(ACCOUNT, KEY);
  await new ContainerClient(`${url}/${container}`, credential).create();
  return {
    url,
    account: ACCOUNT,
    key: KEY,
    stop: async () => {
      // It waits for idle connections otherwise.
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function program(): string | undefined {
  const cached = resolve(__dirname, '../../../node_modules/.cache/azurite/node_modules/.bin/azurite-blob');
  const inPath = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'azurite-blob'));
  return [cached, ...inPath].find(existsSync);
}
