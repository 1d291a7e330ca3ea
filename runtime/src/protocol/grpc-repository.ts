import { WireReader } from './grpc-wire';
import { delimitedField, messageField } from './grpc-writer';

/** An entry of the index of models, of REST and gRPC. */
export interface ModelIndex {
  readonly name: string;
  readonly version: string;

  /** `READY`, `LOADING`, `UNLOADING` or `UNAVAILABLE`. */
  readonly state: string;

  /** Why the version is not ready, or could not be loaded again; empty = there is nothing to say. */
  readonly reason: string;
}

/** `inference.RepositoryIndexRequest`. There is one repository, without a name: `repository_name` is not looked at. */
export interface IndexRequest {
  /** Whether versions that do not answer are left out. */
  readonly ready: boolean;
}

/**
 * Reads an `inference.RepositoryIndexRequest`.
 *
 * @throws RequestError 400 when the bytes are no such message
 */
export function readIndexRequest(bytes: Buffer): IndexRequest {
  const reader = new WireReader(bytes);
  let ready = false;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        reader.text();
        break;
      case 2:
        ready = reader.int64() !== 0;
        break;
      default:
        reader.skip();
    }
  }
  return { ready };
}

/** `inference.RepositoryIndexResponse`. */
export function writeIndex(models: readonly ModelIndex[]): Buffer {
  return Buffer.concat(
    models.map(({ name, version, state, reason }) =>
      messageField(1, [
        delimitedField(1, name),
        delimitedField(2, version),
        delimitedField(3, state),
        delimitedField(4, reason),
      ]),
    ),
  );
}
