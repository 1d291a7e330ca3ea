import { createHmac, createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64url } from 'jose';
import { REMOTE_KEYS_LIMITS, type RemoteKeysLimits } from '../../runtime/src/security/jwks-remote';
import { Tokens } from '../../runtime/src/security/tokens';
import { createLogger } from '../../runtime/src/telemetry';
import { eventually } from '../support/eventually';
import { jwtConfig, type SigningKey, secondsFromNow, signingKey, startJwksServer } from '../support/jwks';
import { temporaryDirectory } from '../support/temporary';

const logger = createLogger({ level: 'silent' });
const directory = temporaryDirectory();
const opened: Tokens[] = [];
let first: SigningKey;
let second: SigningKey;

beforeAll(async () => {
  first = await signingKey('first');
  second = await signingKey('second');
});

afterEach(() => {
  for (const tokens of opened.splice(0)) {
    tokens.close();
  }
});

async function open(config: ReturnType<typeof jwtConfig>, limits: Partial<RemoteKeysLimits> = {}): Promise<Tokens> {
  const remoteKeys = { ...REMOTE_KEYS_LIMITS, ...limits };
  const tokens = await Tokens.open(config, logger, { filesPollMillis: 20, remoteKeys });
  opened.push(tokens);
  return tokens;
}

let files = 0;
function keysFile(...keys: SigningKey[]): string {
  files += 1;
  const path = join(directory, `${files}.json`);
  writeKeys(path, ...keys);
  return path;
}

function writeKeys(path: string, ...keys: SigningKey[]): void {
  writeFileSync(path, JSON.stringify({ keys: keys.map(({ publicKey }) => publicKey) }));
}

const accepted = { client: { name: 'checkout' }, by: 'jwt' };

describe('tokens whose keys are in a file', () => {
  let tokens: Tokens;
  beforeEach(async () => {
    tokens = await open(jwtConfig({ jwksPath: keysFile(first) }));
  });

  it('accepts a token, and knows it at once the next time', async () => {
    const token = await first.sign();
    await expect(tokens.verify(token)).resolves.toEqual(accepted);
    expect(tokens.recall(token)).toEqual(accepted);
  });

  it.each(['ES256', 'PS384', 'EdDSA'])('accepts %s where it is configured', async (algorithm) => {
    const key = await signingKey('other', algorithm);
    const others = await open(jwtConfig({ jwksPath: keysFile(key) }, [algorithm]));
    expect(await others.verify(await key.sign())).toEqual(accepted);
    expect(await tokens.verify(await key.sign())).toMatchObject({ refusal: 'invalid' });
  });

  it('accepts a remembered token until it expires, and not longer', async () => {
    const token = await first.sign({ exp: secondsFromNow(60) });
    await tokens.verify(token);
    const now = jest.spyOn(Date, 'now').mockReturnValue((secondsFromNow(60) + 6) * 1000);
    expect(tokens.recall(token)).toMatchObject({ refusal: 'expired' });
    now.mockRestore();
    expect(tokens.recall(token)).toEqual(accepted);
  });

  it('verifies a token that many requests bring at a time once', async () => {
    const token = await first.sign({ jti: 'many' });
    const verdicts = Array.from({ length: 50 }, () => tokens.verify(token));
    expect(new Set(verdicts).size).toBe(1);
    expect(await verdicts[0]).toEqual(accepted);
  });

  it('verifies only so many new tokens at a time', async () => {
    const signed = await Promise.all(Array.from({ length: 300 }, (_, index) => first.sign({ jti: `n${index}` })));
    const verdicts = await Promise.all(signed.map((token) => tokens.verify(token)));
    expect(verdicts.filter((verdict) => verdict.client !== undefined)).toHaveLength(256);
    expect(verdicts.slice(256)).toEqual(Array(44).fill(expect.objectContaining({ refusal: 'overloaded' })));
  });

  it('tells apart what has expired', async () => {
    const token = await first.sign({ exp: secondsFromNow(-10) });
    expect(await tokens.verify(token)).toMatchObject({ refusal: 'expired' });
  });

  it('forgives clocks a few seconds', async () => {
    expect(await tokens.verify(await first.sign({ exp: secondsFromNow(-1) }))).toEqual(accepted);
    expect(await tokens.verify(await first.sign({ nbf: secondsFromNow(2) }))).toEqual(accepted);
  });

  it.each([
    ['not valid yet', { nbf: secondsFromNow(60) }, "'nbf'"],
    ['of another issuer', { iss: 'https://other.example' }, "'iss'"],
    ['without issuer', { iss: undefined }, "'iss'"],
    ['for others', { aud: 'others' }, "'aud'"],
    ['without expiry', { exp: undefined }, "'exp'"],
  ])('refuses a token %s, and says which claim', async (_name, claims, claim) => {
    const verdict = await tokens.verify(await first.sign(claims));
    expect(verdict).toMatchObject({ refusal: 'invalid', reason: expect.stringContaining(claim) });
  });

  it('takes one of several audiences', async () => {
    expect(await tokens.verify(await first.sign({ aud: ['others', 'fraud'] }))).toEqual(accepted);
  });

  it('refuses what another key has signed, and an unknown key', async () => {
    expect(await tokens.verify(await second.sign({}, { kid: 'first' }))).toMatchObject({ refusal: 'invalid' });
    expect(await tokens.verify(await second.sign())).toMatchObject({ refusal: 'invalid' });
  });

  it('refuses a token without signature, and one signed with the public key as a secret', async () => {
    const [, payload] = (await first.sign()).split('.');
    const header = (alg: string) => base64url.encode(JSON.stringify({ alg, kid: 'first', typ: 'JWT' }));
    const pem = createPublicKey({ key: first.publicKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const confused = `${header('HS256')}.${payload}`;
    const signature = createHmac('sha256', pem).update(confused).digest('base64url');
    for (const forged of [
      `${header('none')}.${payload}.`,
      `${header('None')}.${payload}.`,
      `${confused}.${signature}`,
      `${header('RS256')}.${payload}.`,
    ]) {
      expect(await tokens.verify(forged)).toMatchObject({ refusal: 'invalid' });
    }
  });

  it.each([
    ['no token', 'abc'],
    ['empty parts', '..'],
    ['an encrypted token', 'a.b.c.d.e'],
    ['no JSON', `${base64url.encode('{')}.${base64url.encode('{}')}.AA`],
    ['a critical header that is unknown', `${base64url.encode('{"alg":"RS256","crit":["x"],"x":1}')}.e30.AA`],
    ['other characters', '\u0000.é.\uffff'],
  ])('refuses %s', async (_name, token) => {
    expect(await tokens.verify(token)).toMatchObject({ refusal: 'invalid' });
  });

  it('refuses a token that is too long without a look at it', async () => {
    expect(tokens.verify(await first.sign({ sub: 'x'.repeat(9000) }))).toMatchObject({ refusal: 'invalid' });
  });

  it('does not remember a token that has been changed', async () => {
    const token = await first.sign();
    await tokens.verify(token);
    const [header, , signature] = token.split('.');
    const payload = base64url.encode(JSON.stringify({ sub: 'root', exp: secondsFromNow(300) }));
    expect(await tokens.verify(`${header}.${payload}.${signature}`)).toMatchObject({ refusal: 'invalid' });
  });

  it('tries each key for a token that names none', async () => {
    const both = await open(jwtConfig({ jwksPath: keysFile(first, second) }));
    expect(await both.verify(await second.sign({}, { kid: undefined }))).toEqual(accepted);
    const third = await signingKey('third');
    expect(await both.verify(await third.sign({}, { kid: undefined }))).toMatchObject({ refusal: 'invalid' });
  });

  it('forgets accepted tokens when the keys change, and keeps the last good keys', async () => {
    const path = keysFile(first);
    const watching = await open(jwtConfig({ jwksPath: path }));
    const token = await first.sign();
    await watching.verify(token);
    writeFileSync(path, '{"keys": [');
    writeKeys(path, second);
    await eventually('the new key counts', async () => (await watching.verify(await second.sign())).client);
    expect(watching.recall(token)).toBeUndefined();
    expect(await watching.verify(token)).toMatchObject({ refusal: 'invalid' });
    writeFileSync(path, 'damaged');
    expect(await watching.verify(await second.sign())).toEqual(accepted);
  });

  it.each(['no JSON', '{"keys": 1}', '[]'])('a file with %s is an error of the configuration', async (text) => {
    const path = keysFile();
    writeFileSync(path, text);
    await expect(open(jwtConfig({ jwksPath: path }))).rejects.toMatchObject({ exitCode: 43 });
  });
});

describe('tokens whose keys are at an address', () => {
  it('gets the keys once for many tokens, and again for an unknown key after the cool-down', async () => {
    const server = await serverOf(first);
    const tokens = await open(jwtConfig({ jwksUri: server.url }), { cooldownMillis: 0 });
    const signed = await Promise.all(Array.from({ length: 20 }, (_, index) => first.sign({ jti: `${index}` })));
    const verdicts = await Promise.all(signed.map((token) => tokens.verify(token)));
    expect(verdicts.every(({ client }) => client?.name === 'checkout')).toBe(true);
    expect(server.requests).toBe(1);
    server.keys = [second.publicKey];
    expect(await tokens.verify(await second.sign())).toEqual(accepted);
    expect(server.requests).toBe(2);
    // The key is gone, and so is what it had signed.
    expect(tokens.recall(signed[0])).toBeUndefined();
    expect(await tokens.verify(signed[0])).toMatchObject({ refusal: 'invalid' });
  });

  it('does not ask again for every unknown key', async () => {
    const server = await serverOf(first);
    const tokens = await open(jwtConfig({ jwksUri: server.url }));
    await tokens.verify(await first.sign());
    for (const kid of ['a', 'b', 'c']) {
      expect(await tokens.verify(await second.sign({}, { kid }))).toMatchObject({ refusal: 'invalid' });
    }
    expect(server.requests).toBe(1);
  });

  it('goes on with the last keys while the address does not answer', async () => {
    const server = await serverOf(first);
    const tokens = await open(jwtConfig({ jwksUri: server.url }), { refreshMillis: 10, failureCooldownMillis: 10 });
    await tokens.verify(await first.sign());
    server.listener = (_request, response) => response.writeHead(500).end();
    const before = server.requests;
    await eventually('it was asked in vain', () => server.requests > before + 1);
    expect(await tokens.verify(await first.sign({ jti: 'new' }))).toEqual(accepted);
    server.listener = undefined;
    server.keys = [second.publicKey];
    await eventually('the new key counts', async () => (await tokens.verify(await second.sign())).client);
  });

  it('keys that could not be confirmed for long count no more', async () => {
    const server = await serverOf(first);
    const limits = { refreshMillis: 10, failureCooldownMillis: 10, maxAgeMillis: 200 };
    const tokens = await open(jwtConfig({ jwksUri: server.url }), limits);
    expect(await tokens.verify(await first.sign())).toEqual(accepted);
    server.listener = (_request, response) => response.destroy();
    await eventually('the keys are too old', async () => {
      const verdict = await tokens.verify(await first.sign({ jti: `${performance.now()}` }));
      return verdict.client === undefined && verdict.refusal === 'unavailable';
    });
  });

  it.each([
    ['status 500', (response: Response) => response.writeHead(500).end()],
    ['a redirect', (response: Response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end()],
    ['no key set', (response: Response) => response.end('{"keys": {}}')],
    ['no JSON', (response: Response) => response.end('<html>')],
    ['a body without end', (response: Response) => response.write('{"keys": [')],
    ['a body that is too large', (response: Response) => response.end(`{"keys": [${' '.repeat(70_000)}]}`)],
    ['a cut connection', (response: Response) => response.destroy()],
  ])('%s: tokens cannot be verified, and the address is not asked for each', async (_name, answer) => {
    const server = await serverOf();
    server.listener = (_request, response) => void answer(response);
    const limits = { timeoutMillis: 200, maxBytes: 65_536, failureCooldownMillis: 60_000 };
    const tokens = await open(jwtConfig({ jwksUri: server.url }), limits);
    for (const jti of ['a', 'b', 'c']) {
      expect(await tokens.verify(await first.sign({ jti }))).toMatchObject({ refusal: 'unavailable' });
    }
    expect(server.requests).toBe(1);
  });
});

type Response = Parameters<NonNullable<Awaited<ReturnType<typeof startJwksServer>>['listener']>>[1];

const servers: ReturnType<typeof startJwksServer>[] = Array.from({ length: 12 }, () => startJwksServer());

/** A server that no other test has used. */
async function serverOf(...keys: SigningKey[]) {
  const server = await servers.pop()!;
  server.keys = keys.map(({ publicKey }) => publicKey);
  return server;
}
