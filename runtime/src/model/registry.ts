import type { LoadedModel } from './load';

/** States of a model version, named as in the model repository extension of the V2 protocol. */
export type ModelState = 'LOADING' | 'READY' | 'UNLOADING' | 'UNAVAILABLE';

/** One version of one model, loaded or not. */
export class ModelVersion {
  private answers = false;
  private loaded: LoadedModel | undefined;
  private failure: string | undefined;
  private unloading = false;
  private idle = false;

  /**
   * @param awaited whether the process is not ready before this version is
   */
  constructor(
    readonly name: string,
    readonly version: string,
    private awaited = true,
  ) {}

  get state(): ModelState {
    if (this.answers) {
      return 'READY';
    }
    if (this.unloading) {
      return 'UNLOADING';
    }
    return this.failure === undefined ? 'LOADING' : 'UNAVAILABLE';
  }

  /** The model, when it is ready and is one that was loaded. */
  get model(): LoadedModel | undefined {
    return this.loaded;
  }

  /** Why the version is not ready. Names no file, so that it may be shown to clients. */
  get reason(): string | undefined {
    return this.state === 'LOADING' ? 'the model is loading' : this.failure;
  }

  /**
   * The model is loaded and warm; or another one takes its place.
   *
   * @param model undefined = something else answers for it
   */
  setReady(model: LoadedModel | undefined): void {
    this.answers = true;
    this.loaded = model;
    this.failure = undefined;
  }

  /** The model cannot be loaded. One that is ready stays so. */
  setUnavailable(reason: string): void {
    this.failure = reason;
  }

  /** The version has nothing to answer with yet, and nobody waits for that. */
  setIdle(reason: string): void {
    this.answers = false;
    this.failure = reason;
    this.awaited = false;
    this.idle = true;
  }

  /** The version is loaded while the process serves. */
  setLoading(): void {
    this.failure = undefined;
    this.unloading = false;
  }

  /** The version gets no new requests, because that was asked for; it answers those that it has taken. */
  setUnloading(): void {
    this.answers = false;
    this.loaded = undefined;
    this.failure = 'the model is being unloaded';
    this.awaited = false;
    this.unloading = true;
  }

  /** What the version had taken is answered, and it is freed. One that is loaded again meanwhile stays so. */
  setUnloaded(): void {
    if (this.unloading) {
      this.failure = 'the model was unloaded';
      this.unloading = false;
    }
  }

  /** Whether the process has to wait for it. */
  get missing(): boolean {
    return this.awaited && !this.answers;
  }

  /** Whether it answers, or nobody waits for that. */
  get settled(): boolean {
    return this.answers || this.idle;
  }
}

/** All models of the process, each in one or more versions side by side. */
export class ModelRegistry {
  private readonly byName = new Map<string, ModelVersion[]>();

  /**
   * Adds a version, loading. Name and version are together unique.
   *
   * @param awaited whether the process is not ready before this version is
   */
  add(name: string, version: string, awaited = true): ModelVersion {
    const added = new ModelVersion(name, version, awaited);
    const versions = [...this.versions(name), added].sort((a, b) => compareVersions(a.version, b.version));
    this.byName.set(name, versions);
    return added;
  }

  /** Names of all models, those that are not ready included. */
  get names(): string[] {
    return [...this.byName.keys()];
  }

  /** Versions of a model, the latest last; empty when there is no such model. */
  versions(name: string): readonly ModelVersion[] {
    return this.byName.get(name) ?? [];
  }

  /** Every version of every model. */
  get all(): ModelVersion[] {
    return [...this.byName.values()].flat();
  }

  /**
   * Finds a version of a model.
   *
   * @param version absent = the latest version that is ready; when none is, the latest
   * @see compareVersions for what is later
   */
  find(name: string, version?: string): ModelVersion | undefined {
    const versions = this.versions(name);
    if (version !== undefined) {
      return versions.find((candidate) => candidate.version === version);
    }
    return versions.findLast(({ state }) => state === 'READY') ?? versions.at(-1);
  }

  /** Whether a model is ready, or can be later without this process, and every version that the process has to wait for. */
  get ready(): boolean {
    const all = this.all;
    return all.some(({ settled }) => settled) && !all.some(({ missing }) => missing);
  }
}

/** Made when it is needed: its data takes ten milliseconds to load. */
let natural: Intl.Collator | undefined;

/**
 * Orders versions as people do: digits count as numbers, so `9` < `10`, `v9` < `v10` and `2026-9-1` < `2026-11-01`.
 * Letters are compared without regard to case first.
 *
 * @returns negative when `a` is earlier, positive when it is later
 */
export function compareVersions(a: string, b: string): number {
  natural ??= new Intl.Collator('en', { numeric: true });
  return natural.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
