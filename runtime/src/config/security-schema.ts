import * as z from 'zod';
import { absolutePath, httpUrl, rule, text, violationsOf } from './values';

/** Algorithms of RFC 7518 and RFC 8037 with a public key: a secret shared with clients would let them sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

const jwtFields = z
  .strictObject({
    issuer: text,
    audience: text,
    algorithms: z
      .array(rule((name) => ALGORITHMS.includes(name), `is one of ${ALGORITHMS.join(', ')}`, 'Sign with one of them.'))
      .min(1),
    jwksUri: httpUrl.optional(),
    jwksPath: absolutePath.optional(),
  })
  .readonly();

const jwt = violationsOf(jwtFields, ({ jwksUri, jwksPath }) =>
  (jwksUri === undefined) === (jwksPath === undefined)
    ? [{ path: 'jwksUri', rule: 'is given, or jwksPath is, and not both', fix: 'Say where the keys are once.' }]
    : [],
);

const authenticationFields = z
  .strictObject({
    apiKeys: z.strictObject({ path: absolutePath }).readonly().optional(),
    jwt: jwt.optional(),
  })
  .readonly();

/** The contract's `AuthenticationConfig`. */
export const authenticationSchema = violationsOf(authenticationFields, ({ apiKeys, jwt: tokens }) =>
  apiKeys === undefined && tokens === undefined
    ? [{ path: 'apiKeys', rule: 'is given, or jwt is', fix: 'Configure one of them, or remove authentication.' }]
    : [],
);

/** The contract's `TlsConfig`. */
export const tlsSchema = z
  .strictObject({ certificatePath: absolutePath, keyPath: absolutePath, clientCaPath: absolutePath.optional() })
  .readonly();

/** The contract's `CorsConfig`. */
export const corsSchema = z
  .strictObject({
    origins: z
      .array(
        rule(
          (origin) => origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin),
          "is an origin, or '*'",
          'Write scheme, host and port alone, for example https://app.example.com.',
        ),
      )
      .min(1),
  })
  .readonly();
