import { Agent, request as send } from 'node:http';

/** What the proxy says of its routes. */
export interface RoutesReport {
  /** `version_info` of the routes that it serves; undefined when it has none. */
  readonly serving: string | undefined;

  /** How many it has read since it started. */
  readonly attempts: number;

  /** How many of them it has refused. */
  readonly refused: number;
}

/** Requests in flight on every port but those of the administration and of the metrics. */
const ACTIVE_REQUESTS = String.raw`^http\.(?!(admin|metrics)\.).*downstream_rq_active$`;

const ROUTES = String.raw`\.rds\..*\.(version_text|update_attempt|update_rejected|update_failure)$`;

const TIMEOUT_MILLIS = 1000;
const MAX_BYTES = 1024 * 1024;

interface Statistic {
  readonly name?: string;
  readonly value?: unknown;
}

/**
 * The administration of an Envoy on this machine.
 *
 * @see https://www.envoyproxy.io/docs/envoy/v1.40.0/operations/admin
 */
export class ProxyAdmin {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 4 });

  constructor(private readonly port: number) {}

  /**
   * What the proxy serves.
   *
   * @throws Error when it does not answer
   */
  async routes(): Promise<RoutesReport> {
    const statistics = await this.statistics(ROUTES);
    const versions = new Set(valuesOf(statistics, 'version_text').map(String));
    const [version = ''] = versions;
    return {
      serving: versions.size === 1 && version !== '' ? version : undefined,
      attempts: sum(valuesOf(statistics, 'update_attempt')),
      refused: sum(valuesOf(statistics, 'update_rejected')) + sum(valuesOf(statistics, 'update_failure')),
    };
  }

  /** How many requests of clients are in flight. */
  async activeRequests(): Promise<number> {
    const statistics = await this.statistics('downstream_rq_active$');
    const pattern = new RegExp(ACTIVE_REQUESTS);
    return sum(statistics.filter(({ name = '' }) => pattern.test(name)).map(({ value }) => value));
  }

  /** Lets the health check fail, and tells clients with every answer to close their connections. */
  async failHealthCheck(): Promise<void> {
    await this.ask('POST', '/healthcheck/fail');
  }

  private async statistics(filter: string): Promise<readonly Statistic[]> {
    const text = await this.ask('GET', `/stats?format=json&filter=${encodeURIComponent(filter)}`);
    const { stats } = JSON.parse(text) as { stats?: unknown };
    return Array.isArray(stats) ? stats : [];
  }

  private ask(method: string, path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const { agent, port } = this;
      const signal = AbortSignal.timeout(TIMEOUT_MILLIS);
      const request = send({ host: '127.0.0.1', port, method, path, agent, signal }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
          if (text.length > MAX_BYTES) {
            response.destroy(new Error(`the administration of the proxy answers with more than ${MAX_BYTES} bytes`));
          }
        });
        response.on('error', reject);
        response.on('end', () =>
          response.statusCode === 200
            ? resolve(text)
            : reject(new Error(`the administration of the proxy answers ${response.statusCode} to ${method} ${path}`)),
        );
      });
      request.on('error', reject);
      request.end();
    });
  }
}

function valuesOf(statistics: readonly Statistic[], suffix: string): unknown[] {
  return statistics.filter(({ name }) => name?.endsWith(`.${suffix}`)).map(({ value }) => value);
}

function sum(values: readonly unknown[]): number {
  return values.reduce<number>((total, value) => total + Number(value), 0);
}
