import type { Readable } from 'node:stream';

/** What to read of an artifact. */
export interface ReadRequest {
  /** First byte wanted; 0 = from the beginning. */
  readonly offset: number;

  /** ETag that the earlier bytes came with; a changed artifact is read from the beginning. */
  readonly etag?: string;

  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** An artifact that is being sent. */
export interface Artifact {
  /** The bytes, from {@link offset} on. */
  readonly body: Readable;

  /** First byte of `body`: the offset asked for, or 0 when the origin sends everything. */
  readonly offset: number;

  /** Size of the whole artifact; absent when the origin does not say. */
  readonly totalBytes?: number;

  /** Strong ETag; absent = a broken download cannot be continued. */
  readonly etag?: string;
}

/** A place that artifacts come from. */
export interface Origin {
  /** Starts to read. @throws FetchError */
  open(request: ReadRequest): Promise<Artifact>;

  /** Frees connections. */
  close(): void;
}

/** The fault that a status code stands for: whether waiting helps, and what to look at. */
export interface StatusFault {
  readonly retryable: boolean;
  readonly hint: string;
}

const HINTS: Readonly<Record<number, string>> = {
  400: 'The server does not understand the request; check address and region.',
  401: 'Credentials are missing or wrong; check the mounted Secret.',
  403: 'These credentials may not do that; check the mounted Secret and the permissions.',
  404: 'The artifact does not exist; check the address.',
  410: 'The artifact was deleted.',
};

const WAITING_HELPS: readonly number[] = [408, 425, 429];

/** What a status code other than success means. */
export function statusFault(status: number): StatusFault {
  const retryable = status >= 500 || WAITING_HELPS.includes(status);
  return {
    retryable,
    hint: HINTS[status] ?? (retryable ? 'The server is overloaded or broken.' : 'The server refuses the request.'),
  };
}

/** The `ETag`, when it stands for exact bytes; a weak one (`W/…`) does not. */
export function strongEtag(etag: string | undefined): string | undefined {
  return etag === undefined || etag.startsWith('W/') || etag === '' ? undefined : etag;
}

/** The size of the whole artifact in a `Content-Range` such as `bytes 100-199/200`; `undefined` when it is not told. */
export function rangeTotal(contentRange: string | undefined): { first: number; total?: number } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(contentRange ?? '');
  if (match === null) {
    return undefined;
  }
  return { first: Number(match[1]), total: match[2] === '*' ? undefined : Number(match[2]) };
}
