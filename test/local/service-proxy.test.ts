import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { ServiceProxy } from '../../runtime/src/local/service-proxy';
import { createLogger } from '../../runtime/src/telemetry';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';

const logger = createLogger({ level: 'silent' });
const servers: Server[] = [];
const proxies: ServiceProxy[] = [];

afterEach(async () => {
  for (const proxy of proxies.splice(0)) {
    proxy.stopListening();
    proxy.cut();
  }
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A pod that says its name, then sends back what it gets, until the client has said everything. */
async function pod(name: string): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    socket.on('error', () => undefined);
    socket.write(`${name}:`);
    socket.pipe(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function proxy(endpoints: () => readonly number[], preferredPort = 0): Promise<ServiceProxy> {
  const started = await ServiceProxy.start({ service: 'ml/a', host: '127.0.0.1', preferredPort, endpoints, logger });
  proxies.push(started);
  return started;
}

async function say(port: number, words: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(words);
  return text(socket);
}

describe('the port of a Service', () => {
  it('leads to the ready pods in turn', async () => {
    const ports = [await pod('a'), await pod('b'), await pod('c')];
    const { port } = await proxy(() => ports);
    const answers = [await say(port, '1'), await say(port, '2'), await say(port, '3'), await say(port, '4')];
    expect(answers.map((answer) => answer.slice(2))).toEqual(['1', '2', '3', '4']);
    expect(new Set(answers.slice(0, 3).map((answer) => answer[0])).size).toBe(3);
    expect(answers[3]?.[0]).toBe(answers[0]?.[0]);
  });

  it('passes on what the pod still says after the client has said everything', async () => {
    const only = await pod('a');
    const { port } = await proxy(() => [only]);
    const words = 'x'.repeat(1_000_000);
    expect(await say(port, words)).toBe(`a:${words}`);
  });

  it('follows the pods as they come and go, without breaking what is open', async () => {
    let ports = [await pod('a')];
    const { port } = await proxy(() => ports);
    const open = connect({ port, host: '127.0.0.1' });
    await eventually('the connection is open', () => open.bytesRead > 0);
    ports = [await pod('b')];
    expect(await say(port, '')).toBe('b:');
    const received = text(open);
    open.end('still there');
    expect(await received).toBe('a:still there');
  });

  it('refuses connections when no pod is ready', async () => {
    const { port } = await proxy(() => []);
    await expect(say(port, 'x')).rejects.toThrow(/ECONNRESET|EPIPE/);
  });

  it('tries another pod when one has just ended', async () => {
    const gone = await freePort();
    const ports = [gone, await pod('b')];
    const { port } = await proxy(() => ports);
    expect([await say(port, ''), await say(port, '')]).toEqual(['b:', 'b:']);
  });

  it('leaves no connection to a pod behind when the client goes', async () => {
    let open = 0;
    const server = createServer((socket) => {
      open += 1;
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open -= 1;
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const target = (server.address() as AddressInfo).port;
    const { port } = await proxy(() => [target]);
    const clients = Array.from({ length: 5 }, () => connect({ port, host: '127.0.0.1' }));
    await eventually('the pod has connections', () => open > 0);
    for (const client of clients) {
      client.resetAndDestroy();
    }
    await eventually('the pod has none', () => open === 0);
  });

  it("is the Service's own when that is free, and another when it is not", async () => {
    const wanted = await freePort();
    const first = await proxy(() => [], wanted);
    const second = await proxy(() => [], wanted);
    expect(first.port).toBe(wanted);
    expect(second.port).not.toBe(wanted);
  });
});
