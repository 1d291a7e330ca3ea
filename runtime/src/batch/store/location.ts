import { FetchError } from '../../fetch';

/** Objects below a prefix of a container (bucket, blob container, file system). */
export interface Location {
  /** Bucket, or host of a web server; empty for files. */
  readonly container: string;

  /** Start of all keys in the container: empty, or with a slash at its end. */
  readonly prefix: string;

  /** Address as it was declared, without a slash at its end. */
  readonly uri: string;
}

/** Reads the address of a folder such as `s3://bucket/a/b`. @throws FetchError when it cannot be read */
export function parseLocation(uri: string): Location {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)(?:\/(.*))?$/s.exec(uri);
  const [, , container = '', path = ''] = match ?? [];
  if (match === null) {
    throw FetchError.declaration(`${uri} is no address of objects, such as s3://bucket/folder.`);
  }
  return { container, prefix: asFolder(decoded(path, uri)), uri: withoutSlash(uri) };
}

/** `a/b` and `a/b/` become `a/b/`. */
export function asFolder(path: string): string {
  const name = withoutSlash(path);
  return name === '' ? '' : `${name}/`;
}

function withoutSlash(text: string): string {
  return text.replace(/\/+$/, '');
}

function decoded(path: string, uri: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw FetchError.declaration(`${uri} has a % that begins no escape. Write it as %25.`);
  }
}
