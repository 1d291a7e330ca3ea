import { readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { errorMessage, type Logger } from '../../telemetry';
import { at } from '../proxy/bootstrap';
import { type ParsedRoutes, parseRoutes, RejectedRoutesError } from './parse-routes';
import type { RouteConfiguration } from './route-schema';
import type { Scope, Statistics } from './statistics';

/** Where routes come from. */
export interface RouteSource {
  /** Name of the route configuration. */
  readonly name: string;
  /** File with a `DiscoveryResponse`. */
  readonly file: string;
  /** Directory in which moves make the file be read again. */
  readonly directory: string;
  /** `stat_prefix` of the listener. */
  readonly prefix: string;
}

/** Routes as they are obeyed, and as they were written. */
export interface ServedRoutes {
  readonly routes: RouteConfiguration;
  readonly written: unknown;
  /** Version that these routes had first. */
  readonly version: string;
  /** Version that they had last. */
  readonly lastVersion: string;
  readonly since: Date;
  /** Name of the route configuration, and `stat_prefix` of their listener. */
  readonly name: string;
  readonly prefix: string;
}

/** Routes of a file, read again when it is replaced. Those that cannot be obeyed change nothing. */
export class LiveRoutes {
  private served: ServedRoutes | undefined;
  private readonly scope: Scope;
  private told = '';

  constructor(
    private readonly source: RouteSource,
    private readonly clusters: ReadonlySet<string>,
    private readonly statistics: Statistics,
    private readonly logger: Logger,
  ) {
    this.scope = { kind: 'rds', name: source.prefix, route: source.name };
    for (const name of ['update_attempt', 'update_success', 'update_rejected', 'update_failure']) {
      statistics.add(this.scope, name, 0);
    }
    this.read(true);
    watch(source.directory || dirname(source.file), (event, name) => {
      // A move, and not a write, makes Envoy read.
      if (event === 'rename') {
        this.read(name === basename(source.file));
      }
    });
  }

  /** Routes now; `undefined` = there were none yet. */
  get current(): ServedRoutes | undefined {
    return this.served;
  }

  /** @param replaced whether the file itself was, so that the same text counts, too */
  private read(replaced: boolean): void {
    let text: string;
    try {
      text = readFileSync(this.source.file, 'utf8');
    } catch {
      return; // It is being replaced, or was not written yet.
    }
    if (text === this.told && !replaced) {
      return;
    }
    this.told = text;
    this.statistics.add(this.scope, 'update_attempt');
    try {
      this.accept(JSON.parse(text));
      this.statistics.add(this.scope, 'update_success');
    } catch (error) {
      this.statistics.add(this.scope, error instanceof RejectedRoutesError ? 'update_rejected' : 'update_failure');
      this.logger.error(
        { file: this.source.file, reason: errorMessage(error) },
        'routes refused; the former ones stay',
      );
    }
  }

  private accept(response: unknown): void {
    const resources = at(response, 'resources');
    const found = (Array.isArray(resources) ? resources : []).find((each) => at(each, 'name') === this.source.name);
    if (found === undefined) {
      throw new RejectedRoutesError(`there is no route configuration ${this.source.name} in it`);
    }
    const parsed = parseRoutes(found, this.clusters);
    const lastVersion = String(at(response, 'version_info') ?? '');
    const { name, prefix } = this.source;
    if (this.served !== undefined && isDeepStrictEqual(found, this.served.written)) {
      // As Envoy does: its dump has the first version of routes, its statistics the last.
      this.served = { ...this.served, lastVersion };
    } else {
      const since = new Date();
      this.served = { routes: parsed.routes, written: found, version: lastVersion, lastVersion, since, name, prefix };
      this.tellIgnored(parsed);
    }
    this.logger.info({ version: lastVersion }, 'routes served');
  }

  private tellIgnored({ ignored }: ParsedRoutes): void {
    if (ignored.length > 0) {
      this.logger.warn({ ignored }, 'the built-in router does not obey all of the routes');
    }
  }
}
