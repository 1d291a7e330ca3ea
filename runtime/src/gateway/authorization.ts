import type { IncomingHttpHeaders } from 'node:http';
// biome-ignore lint/style/noRestrictedImports: the index brings the protocols, and with them the inference engine.
import { ApiKeys } from '../security/api-keys';
import type { Logger } from '../telemetry';
import type { AuthorizationResult } from './metrics';

/** How often the keys are looked at. */
const POLL_MILLIS = 1000;

const CHALLENGE = 'Bearer realm="model-serving"';

/** How the proxy is answered. */
export interface AuthorizationAnswer {
  readonly result: AuthorizationResult;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** Why not; undefined when the request is allowed. */
  readonly error?: string;
}

/** Knows who sends a request, by its API key. */
export class Authorization {
  /**
   * Reads the keys.
   *
   * @param path directory of the mounted Secret: one file a client, with SHA-256 digests of its keys
   * @throws ConfigurationError when they cannot be used
   */
  static async open(path: string, logger: Logger): Promise<Authorization> {
    return new Authorization(await ApiKeys.open({ path }, logger, POLL_MILLIS, 'apiKeysPath'));
  }

  private constructor(private readonly keys: ApiKeys) {}

  /** Looks at `x-api-key`, then at `Authorization: Bearer`. */
  judge(headers: IncomingHttpHeaders): AuthorizationAnswer {
    const bearer = /^bearer +(\S+)$/i.exec(headers.authorization?.trim() ?? '')?.[1];
    const presented = [headers['x-api-key'], bearer].flatMap((key) =>
      typeof key === 'string' && key.trim() !== '' ? [key.trim()] : [],
    );
    const client = presented.map((key) => this.keys.find(key)).find((found) => found !== undefined);
    if (client !== undefined) {
      return { result: 'allowed', status: 200, headers: { 'x-client': client } };
    }
    return presented.length === 0
      ? {
          result: 'missing',
          status: 401,
          headers: { 'WWW-Authenticate': CHALLENGE },
          error: "Credentials are missing; send an API key in the header 'x-api-key'.",
        }
      : {
          result: 'invalid',
          status: 401,
          headers: { 'WWW-Authenticate': `${CHALLENGE}, error="invalid_token"` },
          error: 'The API key is not known.',
        };
  }

  close(): void {
    this.keys.close();
  }
}
