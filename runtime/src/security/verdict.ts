import type { AuthenticationResult } from '../telemetry';

/** Somebody who may send requests. */
export interface Client {
  /** Name of the API key's file, or subject of the token. */
  readonly name: string;
}

/** How a client was recognized. */
type Way = Extract<AuthenticationResult, 'api-key' | 'jwt'>;

/** What became of credentials. */
export type Verdict =
  | { readonly client: Client; readonly by: Way }
  | {
      readonly client?: undefined;
      readonly refusal: Exclude<AuthenticationResult, Way>;

      /** What is told to the client: a sentence without any secret. */
      readonly reason: string;
    };
