import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RolloutSplit } from '../../../lib/contract';
import type { ApiServer } from '../../../runtime/src/local/api-server';
import type { RolloutState } from '../../../runtime/src/rollout/state';

/** A request that is not a watch, as the API gets it. */
export interface ApiRequest {
  /** From 1: how many the process has sent. */
  readonly number: number;
  readonly method: string;

  /** `configmaps`, `leases`, `events`. */
  readonly resource: string;

  /** What is written. Absent = nothing, or no state. */
  readonly state?: RolloutState;
  readonly split?: RolloutSplit;
}

/** When a process is killed. */
export interface Moment {
  /** Whether this is the request. */
  readonly fits: (request: ApiRequest) => boolean;

  /** Before the API knows the request, or when it is done and before its answer is sent. */
  readonly when: 'before' | 'after';
}

/** The way of one controller to the API. */
export interface LethalApi {
  readonly url: string;

  /** Kills the process at the next request that fits. */
  arm(moment: Moment, kill: () => Promise<void>): void;
  close(): Promise<void>;
}

/**
 * Starts it.
 *
 * @param onRequest called with every request before the API gets it
 */
export async function startLethalApi(
  { url }: ApiServer,
  onRequest: (request: ApiRequest) => void = () => undefined,
): Promise<LethalApi> {
  let armed: { readonly moment: Moment; readonly kill: () => Promise<void> } | undefined;
  let number = 0;

  const pass = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(incoming);
    const resource = /\/(configmaps|leases|events)\b/.exec(incoming.url ?? '')?.[1];
    const isCounted = resource !== undefined && !incoming.url?.includes('watch=true');
    const request = isCounted ? requestOf(incoming, resource, body, ++number) : undefined;
    const fatal = request !== undefined && armed?.moment.fits(request) === true ? armed : undefined;
    if (fatal !== undefined) {
      armed = undefined;
    }
    if (fatal?.moment.when === 'before') {
      await fatal.kill();
      return;
    }
    if (request !== undefined) {
      onRequest(request);
    }
    const { host: _, ...headers } = incoming.headers;
    const onward = send(url + incoming.url, { method: incoming.method, headers }, (answer) => {
      if (fatal === undefined) {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
      } else {
        answer.resume();
        answer.on('end', () => void fatal.kill());
      }
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end(body);
  };

  const server = createServer((incoming, response) => {
    pass(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm: (moment, kill) => {
      armed = { moment, kill };
      number = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function requestOf({ method = '' }: IncomingMessage, resource: string, body: Buffer, number: number): ApiRequest {
  const { data = {} } = body.length === 0 ? {} : (JSON.parse(body.toString()) as { data?: Record<string, string> });
  const read = (key: string) => (data[key] === undefined ? undefined : JSON.parse(data[key]));
  return { number, method, resource, state: read('state.json'), split: read('split.json') };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) {
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}
