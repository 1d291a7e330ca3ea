import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { PODS_PATH } from '../../runtime/src/kubernetes-api';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../../runtime/src/local/api-server';

/** An API server with a faulty network in front of it. */
export interface FaultyApi {
  /** Address of the faulty way. */
  readonly url: string;

  /** The server itself. */
  readonly server: ApiServer;

  /** Requests that came, as `GET /path?query`. */
  readonly requests: string[];

  /** Delay of every request, and of every event of a watch, in milliseconds. */
  latencyMillis: number;

  /** Answers the next requests that fit with a status, and does not pass them on. */
  failNext(times: number, status: number, fits?: (line: string) => boolean): void;

  /** Passes the next requests that fit on, and drops their answers with the connection. */
  loseAnswers(times: number, fits?: (line: string) => boolean): void;

  /** Cuts the watches that are open. */
  dropWatches(): void;

  /** From now on reads give what is there now; undone by `freshReads`. */
  staleReads(): void;
  freshReads(): void;

  /** Takes no connection, and cuts those that there are, until `mend`. */
  break(): void;
  mend(): void;

  close(): Promise<void>;
}

/**
 * Starts an API server for tests, for the namespace `default` unless another is said.
 *
 * @param podsOf what stands in for DNS, which has none of the faults
 */
export async function startFaultyApi(
  namespace = 'default',
  podsOf: ApiServerOptions['podsOf'] = () => [],
): Promise<FaultyApi> {
  const server = await startApiServer({ host: '127.0.0.1', port: 0, namespace, podsOf });
  const watches = new Set<ServerResponse>();
  const faults: { times: number; fits: (line: string) => boolean; status?: number }[] = [];
  const cache = new Map<string, string>();
  let stale = false;
  let broken = false;

  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const line = `${request.method} ${request.url}`;
    if (request.url?.startsWith(PODS_PATH)) {
      request.pipe(send(server.url + request.url, (answer) => answer.pipe(response)));
      return;
    }
    api.requests.push(line);
    const fault = faults.find(({ times, fits }) => times > 0 && fits(line));
    if (fault !== undefined) {
      fault.times -= 1;
    }
    await wait(api.latencyMillis, undefined, { ref: false });
    if (fault?.status !== undefined) {
      const body = { kind: 'Status', code: fault.status, reason: `Injected${fault.status}`, message: 'injected' };
      response.writeHead(fault.status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
      return;
    }
    const isWatch = line.includes('watch=true');
    const isRead = request.method === 'GET' && !isWatch;
    if (isRead && stale && cache.has(line)) {
      response.end(cache.get(line));
      return;
    }
    const onward = send(server.url + request.url, { method: request.method, headers: request.headers }, (answer) => {
      if (fault !== undefined) {
        answer.resume();
        response.destroy();
        return;
      }
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      response.flushHeaders();
      let text = '';
      let last: Promise<void> = Promise.resolve();
      const later = (act: () => void) => {
        const after = isWatch ? wait(api.latencyMillis, undefined, { ref: false }) : undefined;
        last = last.then(() => after).then(act);
      };
      answer.on('data', (part: Buffer) => {
        text += part;
        later(() => response.write(part));
      });
      answer.on('end', () => {
        later(() => response.end());
        if (isRead) {
          cache.set(line, text);
        }
      });
      answer.on('error', () => response.destroy());
      if (isWatch) {
        watches.add(response);
      }
    });
    onward.on('error', () => response.destroy());
    response.on('error', () => undefined);
    response.on('close', () => {
      watches.delete(response);
      onward.destroy();
    });
    request.pipe(onward);
  };

  const proxy = createServer((request, response) => void pass(request, response));
  proxy.on('connection', (socket) => {
    if (broken) {
      socket.resetAndDestroy();
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const any = () => true;
  const api: FaultyApi = {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    server,
    requests: [],
    latencyMillis: 0,
    failNext: (times, status, fits = any) => void faults.push({ times, status, fits }),
    loseAnswers: (times, fits = any) => void faults.push({ times, fits }),
    dropWatches: () => {
      for (const watch of watches) {
        watch.destroy();
      }
    },
    staleReads: () => {
      stale = true;
    },
    freshReads: () => {
      stale = false;
    },
    break: () => {
      broken = true;
      proxy.closeAllConnections();
    },
    mend: () => {
      broken = false;
    },
    close: async () => {
      proxy.closeAllConnections();
      await new Promise<void>((resolve) => proxy.close(() => resolve()));
      await server.close();
    },
  };
  return api;
}
