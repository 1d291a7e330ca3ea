import type { Registry } from 'prom-client';
import type { AuthenticationConfig } from '../contract';
import { RETRY_AFTER, RequestError, type RequestHeaders } from '../protocol';
import { AuthenticationMetrics, type Logger } from '../telemetry';
import { ApiKeys } from './api-keys';
import type { Tokens, TokensOptions } from './tokens';
import type { Client, Verdict } from './verdict';

/** Options of {@link Authenticator.open}. */
export interface AuthenticatorOptions extends TokensOptions {
  readonly logger: Logger;

  /** Where the results are counted. */
  readonly registry: Registry;
}

const REALM = 'Bearer realm="model-serving"';

/** Knows who sends a request, by its headers alone. */
export class Authenticator {
  /**
   * Reads the keys.
   *
   * @throws ConfigurationError when files that hold them cannot be used
   */
  static async open(config: AuthenticationConfig, options: AuthenticatorOptions): Promise<Authenticator> {
    const { logger, registry, filesPollMillis } = options;
    const apiKeys = config.apiKeys && (await ApiKeys.open(config.apiKeys, logger, filesPollMillis));
    const tokens = config.jwt && (await loadTokens().open(config.jwt, logger, options));
    return new Authenticator(apiKeys, tokens, new AuthenticationMetrics(registry));
  }

  private constructor(
    private readonly apiKeys: ApiKeys | undefined,
    private readonly tokens: Tokens | undefined,
    private readonly metrics: AuthenticationMetrics,
  ) {}

  /**
   * Finds who sends a request.
   *
   * @param headers of HTTP, or metadata of gRPC: `x-api-key` and `authorization` are looked at, names in lower case
   * @returns the client, or how to refuse: 401 without credentials that count, 429 or 503 when they cannot be
   * verified now. A promise when a token is seen for the first time
   */
  authenticate(headers: RequestHeaders): Client | RequestError | Promise<Client | RequestError> {
    const verdict = this.judge(textOf(headers['x-api-key']), bearerOf(textOf(headers.authorization)));
    return verdict instanceof Promise ? verdict.then((late) => this.settle(late)) : this.settle(verdict);
  }

  /** Looks at the files and addresses of keys no more. */
  close(): void {
    this.apiKeys?.close();
    this.tokens?.close();
  }

  private judge(key: string | undefined, bearer: string | undefined): Verdict | Promise<Verdict> {
    const { apiKeys, tokens } = this;
    const byKey = this.clientOf(key);
    if (byKey !== undefined) {
      return byKey;
    }
    // Before keys are compared: a token that is known is the most frequent bearer.
    const known = bearer === undefined ? undefined : (tokens?.recall(bearer) ?? this.clientOf(bearer));
    if (known !== undefined) {
      return known;
    }
    if (tokens !== undefined && bearer !== undefined) {
      return tokens.verify(bearer);
    }
    return (apiKeys !== undefined && key !== undefined) || bearer !== undefined
      ? { refusal: 'invalid', reason: 'The API key is not known.' }
      : { refusal: 'missing', reason: `Credentials are missing; send ${this.ways()}.` };
  }

  private clientOf(key: string | undefined): Verdict | undefined {
    const name = key === undefined ? undefined : this.apiKeys?.find(key);
    return name === undefined ? undefined : { client: { name }, by: 'api-key' };
  }

  private settle(verdict: Verdict): Client | RequestError {
    this.metrics.record(verdict.client === undefined ? verdict.refusal : verdict.by);
    if (verdict.client !== undefined) {
      return verdict.client;
    }
    const { refusal, reason } = verdict;
    if (refusal === 'unavailable' || refusal === 'overloaded') {
      return new RequestError(refusal === 'unavailable' ? 503 : 429, reason, RETRY_AFTER);
    }
    const challenge = refusal === 'missing' ? REALM : `${REALM}, error="invalid_token"`;
    return new RequestError(401, reason, { 'WWW-Authenticate': challenge });
  }

  private ways(): string {
    const key = "an API key in the header 'x-api-key'";
    const token = "a token in the header 'Authorization: Bearer'";
    return this.apiKeys === undefined ? token : this.tokens === undefined ? key : `${key}, or ${token}`;
  }
}

/** Loaded here, because a process without tokens should not pay for it at its start. */
function loadTokens(): typeof Tokens {
  const { Tokens: loaded } = require('./tokens') as typeof import('./tokens');
  return loaded;
}

function textOf(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}
