import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import type { ModelSourceConfig } from '../../lib/contract';
import { fetchModels } from '../../runtime/src/fetch';
import { createLogger } from '../../runtime/src/telemetry';
import { runCommand } from '../support/command';
import { type FileServer, sendFile, startServer } from '../support/file-server';
import { modelConfig, servingConfig, sha256, sourceConfig } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const RETRY = { attempts: 2, baseMillis: 1, maxMillis: 2, stallMillis: 10_000 };
const MODEL = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 31) % 251));
const logger = createLogger({ level: 'silent' });
const root = temporaryDirectory();
let server: FileServer | undefined;
let number = 0;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serve(answer: RequestListener): Promise<FileServer> {
  server = await startServer(answer);
  return server;
}

async function fetchFrom(source: Partial<ModelSourceConfig> & { uri: string }): Promise<Buffer> {
  number += 1;
  const path = join(root, String(number), 'model.onnx');
  const model = modelConfig({ path, sha256: sha256(MODEL), source: sourceConfig(source) });
  await fetchModels(servingConfig(model), { logger, retry: RETRY });
  return readFileSync(path);
}

function credentials(files: Record<string, string>): string {
  number += 1;
  const directory = join(root, `credentials-${number}`);
  mkdirSync(directory);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

describe('Google Cloud Storage', () => {
  it('reads the media of the object, and goes on where a connection broke', async () => {
    let attempts = 0;
    const { url, requests } = await serve((request, response) => {
      attempts += 1;
      sendFile(request, response, MODEL, attempts === 1 ? { cutAfter: 50_000 } : {});
    });
    const content = await fetchFrom({ type: 'gcs', uri: 'gs://models/iris/v 1/model.onnx', endpoint: url });
    expect(content.equals(MODEL)).toBe(true);
    expect(requests[0]?.path).toBe('/storage/v1/b/models/o/iris%2Fv%201%2Fmodel.onnx?alt=media');
    expect(requests[0]?.headers.authorization).toBeUndefined();
    expect(requests[1]?.headers.range).toBe('bytes=50000-');
  });

  it('exchanges the mounted credentials for a token', async () => {
    const { url, requests } = await serve((request, response) => {
      if (request.url === '/token') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify({
            access_token: 'the-token',
            token_type: 'Bearer',
            expires_in: 3600,
            issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          }),
        );
      } else {
        sendFile(request, response, MODEL);
      }
    });
    const identity = join(credentials({ token: 'the-identity' }), 'token');
    const credentialsPath = credentials({
      'service-account.json': JSON.stringify({
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${url}/token`,
        credential_source: { file: identity },
      }),
    });
    // In a process of its own: Google's library imports modules in a way that a test's VM context does not allow.
    const config = join(credentialsPath, 'config.json');
    const path = join(credentialsPath, 'model.onnx');
    const source = sourceConfig({ type: 'gcs', uri: 'gs://models/model.onnx', endpoint: url, credentialsPath });
    writeFileSync(config, JSON.stringify(servingConfig(modelConfig({ path, sha256: sha256(MODEL), source }))));
    expect(await runCommand(['fetch', '--config', config])).toMatchObject({ code: 0 });
    expect(requests.at(-1)?.headers.authorization).toBe('Bearer the-token');
  });

  it('ends with code 43 when the credentials are missing', async () => {
    const { url, requests } = await serve((request, response) => sendFile(request, response, MODEL));
    const source = { type: 'gcs', uri: 'gs://models/model.onnx', endpoint: url, credentialsPath: credentials({}) };
    await expect(fetchFrom(source)).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringContaining('service-account.json is missing'),
    });
    expect(requests).toHaveLength(0);
  });

  it('ends with code 43 when the object is not there', async () => {
    const { url } = await serve((_, response) =>
      response.writeHead(404, { 'content-type': 'application/json' }).end('{}'),
    );
    await expect(fetchFrom({ type: 'gcs', uri: 'gs://models/none', endpoint: url })).rejects.toMatchObject({
      exitCode: 43,
    });
  });
});

describe('Azure Blob Storage', () => {
  const key = Buffer.from('a secret key of the account').toString('base64');

  it('reads a public blob, and goes on where a connection broke', async () => {
    let attempts = 0;
    const { url, requests } = await serve((request, response) => {
      attempts += 1;
      sendFile(request, response, MODEL, attempts === 1 ? { cutAfter: 50_000 } : {});
    });
    const content = await fetchFrom({ type: 'azure-blob', uri: `${url}/models/iris/model.onnx` });
    expect(content.equals(MODEL)).toBe(true);
    expect(requests[0]).toMatchObject({
      path: '/models/iris/model.onnx',
      headers: { 'x-ms-version': expect.any(String) },
    });
    expect(requests[0]?.headers.authorization).toBeUndefined();
    expect(requests[1]?.headers.range).toBe('bytes=50000-');
  });

  it('signs the request for this blob with the account key', async () => {
    const { url, requests } = await serve((request, response) => sendFile(request, response, MODEL));
    const credentialsPath = credentials({ AZURE_STORAGE_ACCOUNT: 'acme', AZURE_STORAGE_KEY: `${key}\n` });
    await fetchFrom({ type: 'azure-blob', uri: `${url}/models/iris/v%201/model.onnx`, credentialsPath });
    const { pathname, searchParams } = new URL(requests[0]?.path ?? '', url);
    expect(pathname).toBe('/models/iris/v%201/model.onnx');
    const field = (name: string) => searchParams.get(name) ?? '';
    // https://learn.microsoft.com/rest/api/storageservices/create-service-sas, version 2020-12-06 and later
    const text = [
      'r',
      '',
      field('se'),
      '/blob/acme/models/iris/v 1/model.onnx',
      '',
      '',
      field('spr'),
      field('sv'),
      'b',
      '',
      '',
      '',
      '',
      '',
      '',
      '',
    ];
    expect(field('sig')).toBe(
      createHmac('sha256', Buffer.from(key, 'base64')).update(text.join('\n')).digest('base64'),
    );
    expect(Date.parse(field('se'))).toBeGreaterThan(Date.now());
    expect(Date.parse(field('se'))).toBeLessThan(Date.now() + 3_600_000);
  });

  it.each(['AZURE_STORAGE_ACCOUNT', 'AZURE_STORAGE_KEY'])('ends with code 43 when %s is missing', async (missing) => {
    const { url } = await serve((request, response) => sendFile(request, response, MODEL));
    const all: Record<string, string> = { AZURE_STORAGE_ACCOUNT: 'acme', AZURE_STORAGE_KEY: key };
    const credentialsPath = credentials(Object.fromEntries(Object.entries(all).filter(([name]) => name !== missing)));
    await expect(
      fetchFrom({ type: 'azure-blob', uri: `${url}/models/model.onnx`, credentialsPath }),
    ).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringContaining(`${missing} is missing`),
    });
  });
});
