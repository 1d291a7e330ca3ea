/** An object of a store. */
export interface ObjectInfo {
  /** Name below the location that the store was opened for. */
  readonly key: string;

  /** Full address, for messages and records. */
  readonly uri: string;

  readonly bytes: number;

  /** Changes with the content: an ETag, a generation, or size and times of a file. */
  readonly etag: string;
}

/** A file of this machine that becomes an object. */
export interface LocalFile {
  readonly path: string;
  readonly bytes: number;

  /** Digest in lower-case hexadecimal digits; the server compares it where it can. */
  readonly sha256: string;

  /** The same by MD5, for servers that know no other. */
  readonly md5: string;
}

/** What an object is made of. */
export type Content = Buffer | LocalFile;

/** A part of an object. */
export interface ReadRange {
  /** Bytes `[from, to)`. */
  readonly from: number;
  readonly to: number;

  /** Etag that the object must still have. @default - any */
  readonly etag?: string;

  /** Ends the reading, with its reason as the error. */
  readonly signal?: AbortSignal;
}

/**
 * Objects below one location. Operations try again through broken connections and overloaded servers.
 *
 * All of them throw `FetchError`; with exit code 43 for an address or credentials that are wrong, with 1 when trying
 * again did not help.
 */
export interface ObjectStore {
  /** The location, without a slash at its end. */
  readonly uri: string;

  /** All objects whose key starts so, in no order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;

  /** Names of the folders directly below a folder (`''`, or a key with a slash at its end). */
  folders(folder: string): Promise<string[]>;

  /** The object; undefined when there is none. */
  head(key: string): Promise<ObjectInfo | undefined>;

  /**
   * The bytes of a part of an object, in order; goes on where a connection broke.
   *
   * @throws ObjectChangedError when the object has not the etag any more
   */
  read(key: string, range: ReadRange): AsyncIterable<Buffer>;

  /** All of a small object; undefined when there is none. */
  get(key: string): Promise<Buffer | undefined>;

  /**
   * Makes an object that must not exist.
   *
   * An answer that was lost looks like `exists` at the next attempt: read the object to know whose it is.
   */
  create(key: string, content: Content): Promise<'created' | 'exists'>;

  /** Makes or replaces an object: readers see the old or the new one, whole. */
  put(key: string, content: Content): Promise<void>;

  /** Removes an object; one that is not there is removed already. */
  delete(key: string): Promise<void>;

  /** File of this machine that is the object; undefined for stores that are elsewhere. */
  localPath(key: string): string | undefined;

  /** Frees connections. */
  close(): void;
}
