import type { IncomingMessage, RequestListener } from 'node:http';
import type { ServedModels } from './served-models';

/** Predictions and health checks by their URL, so that the most frequent requests need no routing. */
export class Shortcuts {
  private byUrl = new Map<string, RequestListener>();

  constructor(
    private readonly models: ServedModels,
    private readonly health: ReadonlyMap<string, RequestListener>,
  ) {}

  /** Finds what answers a request; undefined = routing decides. */
  find({ method, url }: IncomingMessage): RequestListener | undefined {
    if (url === undefined) {
      return undefined;
    }
    return method === 'POST' ? this.byUrl.get(url) : method === 'GET' ? this.health.get(url) : undefined;
  }

  /** Makes the table anew, after a model became ready. */
  rebuild(): void {
    const byUrl = new Map<string, RequestListener>();
    const { registry } = this.models;
    for (const { name, version } of registry.all) {
      this.add(byUrl, name, version);
      this.add(byUrl, name, undefined);
    }
    this.byUrl = byUrl;
  }

  private add(byUrl: Map<string, RequestListener>, name: string, version: string | undefined): void {
    const found = this.models.registry.find(name, version);
    const served = found && this.models.get(found);
    if (served !== undefined) {
      const path = `models/${encodeURIComponent(name)}`;
      const suffix = version === undefined ? '' : `/versions/${encodeURIComponent(version)}`;
      byUrl.set(`/v1/${path}${suffix}:predict`, (request, response) => served.v1.handle(request, response));
      byUrl.set(`/v2/${path}${suffix}/infer`, (request, response) => served.v2.handle(request, response));
    }
  }
}
