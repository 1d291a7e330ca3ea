import type { Readable } from 'node:stream';
import type { Content, ObjectInfo } from './object-store';

/** A page of a listing. */
export interface Page {
  readonly objects: readonly ObjectInfo[];

  /** Keys of folders, with a slash at their end; only when folders were asked for. */
  readonly folders: readonly string[];

  /** What gets the next page; undefined at the end. */
  readonly next?: string;
}

/** What is asked of a listing. */
export interface PageRequest {
  readonly prefix: string;

  /** Whether what is deeper than one folder is left out, and folders are listed. */
  readonly shallow: boolean;

  /** `next` of the page before. */
  readonly after?: string;
}

/** Which bytes to open. */
export interface OpenRequest {
  readonly from: number;
  readonly to: number;
  readonly etag?: string;
}

/** One attempt at each operation of a store; faults are `FetchError`s. */
export interface StoreDriver {
  readonly uri: string;
  page(request: PageRequest, signal: AbortSignal): Promise<Page>;
  head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined>;

  /** Starts to read; undefined when there is no such object. @throws ObjectChangedError */
  open(key: string, request: OpenRequest, signal: AbortSignal): Promise<Readable | undefined>;

  /** @returns false when the object exists, and must not */
  write(key: string, content: Content, onlyNew: boolean, signal: AbortSignal): Promise<boolean>;
  delete(key: string, signal: AbortSignal): Promise<void>;
  localPath?(key: string): string;
  close(): void;
}
