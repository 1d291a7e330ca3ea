import { request as httpRequest } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import type { TlsConfig } from '../../lib/contract';
import { startPredictor } from '../../runtime/src/online';
import { createLogger } from '../../runtime/src/telemetry';
import { type Authority, makeAuthority, OPENSSL } from '../support/certificates';
import { eventually } from '../support/eventually';
import { GrpcClient } from '../support/grpc-client';
import { type MountedSecret, mountSecret } from '../support/mounted-secret';
import { configOf, fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const BODY = JSON.stringify({ instances: [[5.1, 3.5, 1.4, 0.2]] });
let authority: Authority;
let others: Authority;
let mounts = 0;

/** A Secret as cert-manager writes it, with a certificate for 127.0.0.1. */
function mountCertificate(name: string, clientCa?: Authority): { secret: MountedSecret; config: TlsConfig } {
  mounts += 1;
  const secret = mountSecret(join(directory, `mount-${mounts}`), filesOf(name, clientCa));
  const config = { certificatePath: join(secret.path, 'tls.crt'), keyPath: join(secret.path, 'tls.key') };
  return {
    secret,
    config: clientCa === undefined ? config : { ...config, clientCaPath: join(secret.path, 'ca.crt') },
  };
}

function filesOf(name: string, clientCa?: Authority): Record<string, string> {
  const { certificate, key } = authority.issue(name);
  return {
    'tls.crt': certificate,
    'tls.key': key,
    ...(clientCa === undefined ? {} : { 'ca.crt': clientCa.certificate }),
  };
}

/** Sends a prediction; resolves with the status, rejects with the code of the failure. */
function predict({ port }: TestPredictor, options: RequestOptions = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/v1/models/mlp:predict',
        ca: authority.certificate,
        ...options,
      },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject);
    sent.end(BODY);
  });
}

/** Name of the server, as its certificate says now. */
function nameOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect(
      { port, host: '127.0.0.1', ca: authority.certificate, ALPNProtocols: ['h2', 'http/1.1'] },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
}

describeWith('TLS of the serving ports', OPENSSL, () => {
  beforeAll(() => {
    authority = makeAuthority(directory, 'authority');
    others = makeAuthority(directory, 'others');
  });

  describe('without certificates of clients', () => {
    let server: TestPredictor;
    let secret: MountedSecret;
    const log: string[] = [];
    beforeAll(async () => {
      const mounted = mountCertificate('first');
      ({ secret } = mounted);
      const logger = pino({}, { write: (line) => log.push(line) });
      server = await startTestPredictor([fixture('mlp.onnx')], { tls: mounted.config }, { logger });
    });

    it('answers over TLS 1.2 and 1.3, and not over older versions', async () => {
      expect(await predict(server)).toBe(200);
      expect(await predict(server, { maxVersion: 'TLSv1.2', agent: false })).toBe(200);
      await expect(
        predict(server, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0', agent: false }),
      ).rejects.toThrow();
    });

    it('is not trusted by those who do not know the authority', async () => {
      await expect(predict(server, { ca: others.certificate, agent: false })).rejects.toThrow();
    });

    it('survives clients that speak something else', async () => {
      const { port } = server;
      const plain = new Promise<void>((resolve) => {
        httpRequest({ port, host: '127.0.0.1' }, () => resolve())
          .on('error', () => resolve())
          .end();
      });
      const noise = new Promise<void>((resolve) => {
        const socket = connectTcp(port, '127.0.0.1', () => socket.write(Buffer.alloc(512, 0x16)));
        socket.on('error', () => undefined).on('close', () => resolve());
      });
      await Promise.all([plain, noise]);
      expect(await predict(server)).toBe(200);
    });

    it('takes changed files without a restart, and keeps the connections that are open', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      expect(await predict(server, { agent })).toBe(200);
      const [open] = Object.values(agent.freeSockets).flat();
      secret.write(filesOf('second'));
      await eventually('the new certificate', async () => (await nameOf(server.port)) === 'second');
      expect(await nameOf(server.predictor.addresses.grpc.port)).toBe('second');
      expect(await predict(server, { agent })).toBe(200);
      expect(Object.values(agent.freeSockets).flat()).toEqual([open]);
      agent.destroy();
    });

    it('keeps the last good files when the new ones cannot be used', async () => {
      const good = filesOf('third');
      const damages: Record<string, string>[] = [
        { 'tls.key': authority.issue('fourth').key },
        { 'tls.crt': 'damaged' },
      ];
      for (const damaged of damages) {
        log.length = 0;
        secret.write({ ...good, ...damaged });
        await eventually('it is said', () => log.some((line) => line.includes('the last good ones stay')));
        expect(await nameOf(server.port)).toBe('second');
        expect(log.join()).not.toContain('PRIVATE KEY');
      }
      secret.write(good);
      await eventually('the repaired certificate', async () => (await nameOf(server.port)) === 'third');
    });

    it('answers gRPC over TLS', async () => {
      const { port } = server.predictor.addresses.grpc;
      const secure = credentials.createSsl(Buffer.from(authority.certificate));
      const client = new GrpcClient(`127.0.0.1:${port}`, {}, secure);
      expect((await client.call('ServerReady', {})).code).toBe('OK');
      client.close();
      const plain = new GrpcClient(`127.0.0.1:${port}`);
      expect((await plain.call('ServerReady', {})).code).toBe('UNAVAILABLE');
      plain.close();
    });
  });

  describe('with certificates of clients', () => {
    let server: TestPredictor;
    beforeAll(async () => {
      server = await startTestPredictor([fixture('mlp.onnx')], { tls: mountCertificate('server', authority).config });
    });

    it('answers those that the authority knows, and nobody else', async () => {
      const { certificate: cert, key } = authority.issue('client');
      const stranger = others.issue('stranger');
      expect(await predict(server, { cert, key, agent: false })).toBe(200);
      await expect(predict(server, { agent: false })).rejects.toThrow();
      await expect(predict(server, { cert: stranger.certificate, key: stranger.key, agent: false })).rejects.toThrow();
    });

    it('asks clients of gRPC as well', async () => {
      const { certificate, key } = authority.issue('grpc-client');
      const call = async (own: boolean) => {
        const secure = credentials.createSsl(
          Buffer.from(authority.certificate),
          own ? Buffer.from(key) : null,
          own ? Buffer.from(certificate) : null,
        );
        const client = new GrpcClient(`127.0.0.1:${server.predictor.addresses.grpc.port}`, {}, secure);
        const { code } = await client.call('ServerReady', {});
        client.close();
        return code;
      };
      expect(await call(true)).toBe('OK');
      expect(await call(false)).toBe('UNAVAILABLE');
    });
  });

  it('is drained without losing what is in flight', async () => {
    const server = await startTestPredictor([fixture('mlp.onnx')], { tls: mountCertificate('drained').config });
    const agent = new Agent({ keepAlive: true });
    const sent = Array.from({ length: 20 }, () => predict(server, { agent }));
    expect(await Promise.all(sent)).toEqual(sent.map(() => 200));
    await server.predictor.drain();
    await expect(predict(server, { agent: false })).rejects.toThrow('ECONNREFUSED');
    agent.destroy();
  });

  it.each([
    ['a key of another certificate', () => ({ ...filesOf('a'), 'tls.key': authority.issue('b').key }), 'belongs'],
    ['a damaged certificate', () => ({ ...filesOf('c'), 'tls.crt': 'x' }), 'certificatePath'],
    ['a damaged key', () => ({ ...filesOf('d'), 'tls.key': 'x' }), 'keyPath'],
    ['no key', () => ({ 'tls.crt': filesOf('e')['tls.crt'] }), 'exists'],
  ])('%s at the start is an error of the configuration', async (_name, files, message) => {
    const { secret, config } = mountCertificate('start');
    secret.write(files() as Record<string, string>);
    const logger = createLogger({ level: 'silent' });
    const started = startPredictor(configOf([fixture('mlp.onnx')], { tls: config }), { logger, onLoadFailure: 'exit' });
    await expect(started).rejects.toMatchObject({ exitCode: 43, message: expect.stringContaining(message) });
  });
});
