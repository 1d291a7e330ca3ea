import { setTimeout as wait } from 'node:timers/promises';
import { errorMessage, type Logger } from '../telemetry';
import type { Routes } from './base-routes';
import type { AgentMetrics } from './metrics';
import type { ProxyAdmin, RoutesReport } from './proxy-admin';
import { replaceFile } from './routes-file';

/** How soon the proxy is asked after a write, and how long it is left alone at most, in milliseconds. */
const FIRST_LOOK_MILLIS = 5;
const MAX_LOOK_MILLIS = 1000;

/** What a publisher needs. */
export interface PublisherOptions {
  /** File that the proxy watches. */
  readonly path: string;

  readonly admin: ProxyAdmin;
  readonly logger: Logger;
  readonly metrics: AgentMetrics;

  /** Routes that are in the file. */
  readonly initial: Routes;
}

/** Brings routes to the proxy, and finds out whether it serves them. */
export class RoutesPublisher {
  /** `version_info` of the routes that the proxy serves; undefined when it has none, or does not answer. */
  serving: string | undefined;

  /** Why the proxy refused the routes that are wanted; undefined when it did not. */
  rejected: string | undefined;

  /** `version_info` of the routes that the proxy should serve. */
  wanted: string;

  private written: Routes;

  /** What the proxy served last, to go back to. */
  private good: Routes | undefined;

  /** What the proxy said when it was asked last. */
  private report: RoutesReport | undefined;

  /** Counts of the proxy when it has read all that was written, and refusals that there were before. */
  private due = { attempts: 1, refused: 0 };

  private watching = false;
  private closed = false;

  constructor(private readonly options: PublisherOptions) {
    this.written = options.initial;
    this.wanted = options.initial.version;
    this.watch();
  }

  /** `version_info` of the routes that were written last. */
  get version(): string {
    return this.written.version;
  }

  /** Whether the proxy serves what is wanted, as far as is known. */
  get applied(): boolean {
    return this.serving === this.wanted;
  }

  /**
   * Writes routes. When it returns the file is replaced; the proxy follows by itself.
   *
   * @throws Error when the file cannot be written
   */
  publish(routes: Routes): void {
    if (routes.version !== this.written.version) {
      this.write(routes);
    }
    this.wanted = routes.version;
    this.rejected = undefined;
    this.watch();
  }

  /** Asks the proxy what it serves. Never rejects. */
  async look(): Promise<void> {
    const { version } = this.written;
    try {
      this.take(await this.options.admin.routes());
    } catch (error) {
      this.serving = undefined;
      this.options.logger.debug({ reason: errorMessage(error) }, 'the proxy does not say what it serves');
      return;
    }
    if (version !== this.written.version || this.report === undefined) {
      return; // asked about routes that are no longer the last
    }
    const { serving, attempts, refused } = this.report;
    if (serving === version) {
      this.good = this.written;
      this.rejected = version === this.wanted ? undefined : this.rejected;
    } else if (attempts >= this.due.attempts && refused > this.due.refused) {
      this.reject(this.report);
    }
  }

  /** Asks the proxy no more. */
  close(): void {
    this.closed = true;
  }

  private take(report: RoutesReport): void {
    const { serving, attempts } = report;
    if (this.report === undefined && serving !== undefined && serving !== this.written.version) {
      // It has read an unknown number of routes before this process began to count.
      this.due = { attempts: Number.POSITIVE_INFINITY, refused: 0 };
    } else if (this.report !== undefined && attempts < this.report.attempts) {
      this.due = { attempts: 1, refused: 0 }; // a new proxy, which counts anew
    }
    this.report = report;
    this.serving = serving;
  }

  private write(routes: Routes): void {
    const { report, written } = this;
    replaceFile(this.options.path, routes.text);
    if (report !== undefined && report.serving === written.version) {
      this.due = { attempts: report.attempts + 1, refused: report.refused };
    } else {
      // Those before are on their way still.
      this.due = { ...this.due, attempts: this.due.attempts + 1 };
    }
    this.written = routes;
    this.options.metrics.routesWritten();
  }

  /** The proxy goes on with what it has. One that starts anew reads the file, which therefore gets something good. */
  private reject({ attempts, refused }: RoutesReport): void {
    const { logger, metrics } = this.options;
    const { version } = this.written;
    const { good } = this;
    this.due = { attempts, refused };
    this.rejected = `the proxy refused the routes ${version}; its log says why`;
    metrics.routesRejected();
    logger.error({ version, back: good?.version }, 'the proxy refused the routes; the last good ones are put back');
    if (good !== undefined && good.version !== version) {
      this.write(good);
    }
  }

  /** Asks until the proxy serves what was written last, or has refused it. */
  private watch(): void {
    if (!this.watching) {
      this.watching = true;
      void this.follow();
    }
  }

  private async follow(): Promise<void> {
    const { logger } = this.options;
    const started = performance.now();
    let delay = FIRST_LOOK_MILLIS;
    let version: string | undefined;
    while (!this.closed && !(this.serving === this.written.version && version === this.written.version)) {
      if (version !== this.written.version) {
        version = this.written.version;
        delay = FIRST_LOOK_MILLIS;
      }
      await wait(delay, undefined, { ref: false });
      await this.look();
      delay = Math.min(delay * 2, MAX_LOOK_MILLIS);
    }
    this.watching = false;
    if (!this.closed) {
      logger.info({ version, millis: Math.round(performance.now() - started) }, 'the proxy serves the routes');
    }
  }
}
