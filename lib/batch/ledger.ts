import type { DataLocation, ObjectStoreOptions } from './data-location';

/**
 * Where a batch job keeps its plan, its checkpoints and the record of each run, below `<uri>/run=<run>/`. A pod that starts
 * again reads there what is done.
 */
export class Ledger {
  /**
   * A directory of a store.
   *
   * @param uri address: `s3://bucket/key`, `gs://bucket/object`, `https://account.blob.core.windows.net/container/blob` or
   * `pvc://claim/path`
   * @param options how the store is reached
   */
  public static at(uri: string, options: ObjectStoreOptions = {}): Ledger {
    return new Ledger({ what: 'ledger', uri, options });
  }

  /** @internal */
  public readonly _location: DataLocation;

  private constructor(location: DataLocation) {
    this._location = location;
  }
}
