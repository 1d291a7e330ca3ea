import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import type { JwtConfig } from '../../lib/contract';

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'fraud';

/** A configuration that accepts tokens of {@link SigningKey}. */
export function jwtConfig(keys: Pick<JwtConfig, 'jwksUri' | 'jwksPath'>, algorithms = ['RS256']): JwtConfig {
  return { issuer: ISSUER, audience: AUDIENCE, algorithms, ...keys };
}

/** A key that signs tokens, and its public part as it stands in a JWKS. */
export interface SigningKey {
  readonly publicKey: JWK;
  readonly privateKey: CryptoKey;

  /** Signs a token that is good for five minutes; claims and header may differ, `undefined` leaves one out. */
  sign(claims?: JWTPayload, header?: { kid?: string; alg?: string }): Promise<string>;
}

export async function signingKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  const pair = await generateKeyPair(alg, { extractable: true });
  const publicKey = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' };
  return {
    publicKey,
    privateKey: pair.privateKey,
    sign: (claims = {}, header = {}) => {
      const payload = { iss: ISSUER, aud: AUDIENCE, sub: 'checkout', exp: secondsFromNow(300), ...claims };
      return new SignJWT(payload).setProtectedHeader({ alg, kid, ...header }).sign(pair.privateKey);
    },
  };
}

/** A time as claims write it. */
export function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** A server on 127.0.0.1 that publishes keys. */
export interface JwksServer {
  readonly url: string;

  /** Requests so far. */
  requests: number;

  /** What it publishes. */
  keys: readonly JWK[];

  /** Answers instead of the keys, when given. */
  listener: RequestListener | undefined;
}

/** Starts a server of keys; call it while tests are being declared. It is closed when they have run. */
export async function startJwksServer(...keys: SigningKey[]): Promise<JwksServer> {
  const server = createServer((request, response) => {
    jwks.requests += 1;
    if (jwks.listener !== undefined) {
      jwks.listener(request, response);
      return;
    }
    response.setHeader('Content-Type', 'application/jwk-set+json');
    response.end(JSON.stringify({ keys: jwks.keys }));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const jwks: JwksServer = {
    url: `http://127.0.0.1:${port}/keys`,
    requests: 0,
    keys: keys.map(({ publicKey }) => publicKey),
    listener: undefined,
  };
  return jwks;
}
