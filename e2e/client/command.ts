/** Constant load on one address. */
export interface LoadCommand {
  readonly url: string;
  readonly body: string;
  /** Connections that are kept. */
  readonly connections: number;
  /** Senders that open a connection for each request. */
  readonly newConnections: number;
  /** Pause of each sender between two requests, in milliseconds. */
  readonly pauseMillis: number;
}

/** What the client pod is asked to do. */
export type Command =
  | { readonly kind: 'http'; readonly url: string; readonly body?: string; readonly headers?: Record<string, string> }
  | {
      readonly kind: 'grpc';
      readonly address: string;
      readonly method: string;
      readonly request: object;
      readonly metadata?: Record<string, string>;
    }
  | (LoadCommand & { readonly kind: 'load' });

/** An answer over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What came of a load. Nothing is tried again: what fails once has failed. */
export interface LoadResult {
  /** Requests with the status 200. */
  readonly answered: number;
  /** How many of them over connections that were kept. */
  readonly answeredOnKept: number;
  /** Requests without one, by what was wrong. */
  readonly failures: Record<string, number>;
  /** When requests failed, in milliseconds since the start, first and last. */
  readonly failedAt: readonly number[];
  readonly longestMillis: number;
}
