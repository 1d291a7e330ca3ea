import { randomUUID } from 'node:crypto';
import type { Logger } from '../../telemetry';
import type { Cluster } from './clusters';
import { changeEarly } from './early-changes';
import { type ClientRequest, type ClientResponse, headOf, passOn, reply, write } from './exchange';
import type { Forwarded, Forwarder } from './forward';
import { forwardedOf, levelsOf, mirrored, type Routed } from './forwarded-request';
import { changeResponse, expand } from './headers';
import type { Listener } from './listeners';
import { findRoute, type Headers, matchesHeader, type RequestHead } from './match';
import { NoAnswerError } from './retry';
import type { RouteConfiguration } from './route-schema';
import { destinationOf } from './split';
import type { Scope, Statistics } from './statistics';

/** What a handler of requests needs. */
export interface HandlerContext {
  readonly listener: Listener;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly forwarder: Forwarder;
  readonly statistics: Statistics;
  readonly logger: Logger;
  /** Routes now. */
  readonly routes: () => RouteConfiguration | undefined;
  /** Whether health checks fail, because the proxy is to get no more requests. */
  readonly draining: () => boolean;
  /** A number from 0 to 1. */
  readonly random: () => number;
}

/** Answers requests of one listener as its routes say. */
export class Handler {
  private readonly scope: Scope;

  constructor(private readonly context: HandlerContext) {
    this.scope = { kind: 'http', name: context.listener.prefix };
    context.statistics.add(this.scope, 'downstream_rq_active', 0);
  }

  /** Answers a request. Never fails. */
  handle(request: ClientRequest, response: ClientResponse): void {
    const { statistics } = this.context;
    statistics.add(this.scope, 'downstream_rq_total');
    statistics.add(this.scope, 'downstream_rq_active');
    response.on('close', () => {
      statistics.add(this.scope, 'downstream_rq_active', -1);
      statistics.add(this.scope, `downstream_rq_${Math.floor(response.statusCode / 100)}xx`);
    });
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    this.answer(request, response).catch((error: unknown) => {
      // The client or the server has gone in the middle of an answer.
      this.context.logger.debug({ error }, 'an answer was cut');
      response.destroy();
    });
  }

  private async answer(request: ClientRequest, response: ClientResponse): Promise<void> {
    const { listener, draining, routes, random } = this.context;
    const head = headOf(request);
    changeEarly(head, listener.early);
    head.headers['x-request-id'] ??= randomUUID();
    if (listener.showsRequestId) {
      response.setHeader('x-request-id', head.headers['x-request-id']);
    }
    if (listener.healthCheck?.every((match) => matchesHeader(match, head)) === true) {
      request.resume();
      this.reply(response, head, { status: draining() ? 503 : 200, text: '' });
      return;
    }
    const configuration = routes();
    const found = configuration && findRoute(configuration, head, random);
    if (configuration === undefined || found === undefined) {
      request.resume();
      this.reply(response, head, { status: 404, text: '' });
      return;
    }
    const { direct_response: direct, route: action } = found.route;
    if (direct !== undefined) {
      request.resume();
      const { inline_string = '', inline_bytes = '' } = direct.body;
      const headers: Headers = {};
      changeResponse(headers, [found.route, found.host, configuration], { head, cluster: '' });
      const format = direct.body_format?.text_format_source.inline_string;
      const body = inline_string || Buffer.from(inline_bytes, 'base64').toString();
      const text = format === undefined ? body : expand(format, { head, cluster: '' });
      this.reply(response, head, { status: direct.status, text, headers });
    } else if (action !== undefined) {
      await this.forward(request, response, { head, configuration, found, action });
    }
  }

  private async forward(request: ClientRequest, response: ClientResponse, routed: Routed): Promise<void> {
    const { clusters, forwarder, random } = this.context;
    const { head, action } = routed;
    const destination = destinationOf(action, head, random);
    const cluster = destination && clusters.get(destination.cluster);
    if (destination === undefined || cluster === undefined) {
      request.resume();
      this.reply(response, head, { status: 503, text: '' });
      return;
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const forwarded = forwardedOf(request, destination, routed, gone.signal);
    this.mirror(routed, forwarded);
    try {
      const answer = await forwarder.send(cluster, forwarded);
      const { status, headers } = answer;
      changeResponse(headers, levelsOf(routed, destination), { head, cluster: cluster.name });
      let whole = false;
      try {
        write(response, status, headers);
        await passOn(response, answer);
        whole = true;
      } finally {
        answer.ended(whole);
      }
    } catch (error) {
      if (!(error instanceof NoAnswerError) || gone.signal.aborted) {
        throw error;
      }
      const headers: Headers = {};
      changeResponse(headers, levelsOf(routed, destination), { head, cluster: cluster.name });
      this.reply(response, head, { status: error.status, text: error.message, headers });
    }
  }

  /** Sends copies; nobody waits for their answers. */
  private mirror({ head, configuration, found, action }: Routed, forwarded: Forwarded): void {
    const { clusters, forwarder, random } = this.context;
    const levels = [action.request_mirror_policies, found.host.request_mirror_policies];
    const policies = levels.find((each) => each.length > 0) ?? configuration.request_mirror_policies;
    for (const policy of policies) {
      const cluster = clusters.get(policy.cluster);
      if (cluster !== undefined && random() < policy.runtime_fraction) {
        const copy = mirrored(policy, head, forwarded);
        forwarder.send(cluster, copy).then(
          ({ body, ended }) => {
            body.on('end', () => ended(true));
            body.on('error', () => ended(false));
            body.resume();
          },
          () => undefined,
        );
      }
    }
  }

  private reply(
    response: ClientResponse,
    head: RequestHead,
    answer: { readonly status: number; readonly text: string; readonly headers?: Headers },
  ): void {
    reply(response, head, answer, this.context.listener.replies);
  }
}
