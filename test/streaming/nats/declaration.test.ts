import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsSinkConfig, NatsSourceConfig } from '../../../runtime/src/contract';
import { NatsSink, NatsSource } from '../../../runtime/src/streaming/nats';
import { NATS_SERVER, type NatsTestServer, startNatsServer } from '../../services/nats';
import { makeAuthority, OPENSSL } from '../../support/certificates';
import { freePort } from '../../support/free-port';
import { describeWith } from '../../support/requires';
import { temporaryDirectory } from '../../support/temporary';
import { produced, take, testContext, values } from '../support';
import { joined, opened, sinkConfig, sourceConfig } from './support';

const DIRECTORY = temporaryDirectory();

const badConfiguration = (message: RegExp) => ({ exitCode: 43, message: expect.stringMatching(message) });

const starting = async (client: NatsSource | NatsSink) => {
  try {
    await client.start();
  } finally {
    await client.stop();
  }
};

/** A directory with a login. */
function login(name: string, files: Record<string, string>): string {
  const directory = join(DIRECTORY, name);
  mkdirSync(directory);
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(directory, file), `${text}\n`);
  }
  return directory;
}

const FEW_RIGHTS = '{ publish: ["$JS.API.>", "allowed"], subscribe: ["_INBOX.>"] }';

describeWith('a declaration of JetStream that cannot be followed', NATS_SERVER, () => {
  let server: NatsTestServer;

  beforeAll(async () => {
    server = await startNatsServer({
      settings: `authorization { users: [
        { user: root, password: root },
        { user: few, password: right, permissions: ${FEW_RIGHTS} }
      ] }`,
      client: { user: 'root', pass: 'root' },
    });
    await server.stream('EVENTS', ['events']);
    await server.stream('SCORES', ['scores', 'allowed']);
  });

  const rootLogin = login('root', { username: 'root', password: 'root' });
  const fewLogin = login('few', { username: 'few', password: 'right' });
  const source = (more: Partial<NatsSourceConfig> = {}, patience?: number) =>
    new NatsSource(sourceConfig(server.url, { loginPath: rootLogin, ...more }), testContext(), patience);
  const sink = (more: Partial<NatsSinkConfig> = {}, patience?: number) =>
    new NatsSink(sinkConfig(server.url, { loginPath: rootLogin, ...more }), testContext(), patience);

  it('names a wrong login, and one that cannot be read', async () => {
    const wrong = login('wrong', { username: 'root', password: 'wrong' });
    await expect(starting(source({ loginPath: wrong }))).rejects.toMatchObject(
      badConfiguration(/'EVENTS' of NATS.*login/),
    );
    await expect(starting(sink({ loginPath: wrong }))).rejects.toMatchObject(
      badConfiguration(/'scores' of NATS.*login/),
    );
    const absent = join(DIRECTORY, 'absent');
    await expect(starting(sink({ loginPath: absent }))).rejects.toMatchObject(
      badConfiguration(/login of .* cannot be read/),
    );
    const credentials = join(rootLogin, 'password');
    await expect(starting(sink({ credentialsPath: credentials }))).rejects.toMatchObject(
      badConfiguration(/unable to parse credentials/),
    );
  });

  it('names a stream that is absent, and a subject that no stream holds', async () => {
    await expect(starting(source({ stream: 'NONE' }))).rejects.toMatchObject(
      badConfiguration(/'NONE'.*absent.*stream add/),
    );
    await expect(starting(sink({ subject: 'none' }))).rejects.toMatchObject(
      badConfiguration(/No stream .* 'none'.*nats stream add --subjects 'none'/),
    );
  });

  it('names what an existing consumer has otherwise', async () => {
    await server.manager.consumers.add('EVENTS', {
      durable_name: 'other',
      ack_policy: 'all',
      ack_wait: 5e9,
      max_deliver: 3,
      filter_subject: 'events',
    });
    const starts = starting(source({ consumer: 'other', maxAckPending: 50 }));
    await expect(starts).rejects.toMatchObject(
      badConfiguration(
        /ack_policy is all.*explicit; ack_wait is 5000 ms.*60000 ms; max_ack_pending is .*50; max_deliver is 3.*-1; filter_subject is events.*absent/,
      ),
    );
  });

  it('names what the user may not do, at the start and after its patience', async () => {
    await expect(starting(sink({ loginPath: fewLogin, subject: 'allowed' }))).resolves.toBeUndefined();
    const writer = sink({ loginPath: fewLogin, subject: 'scores' }, 300);
    await writer.start();
    await expect(writer.send([produced('a')]).finally(() => writer.stop())).rejects.toMatchObject(
      badConfiguration(/may not publish to 'scores'/),
    );
  });

  it('names a server without JetStream', async () => {
    const plain = await startNatsServer({ jetStream: false });
    await expect(starting(new NatsSink(sinkConfig(plain.url), testContext()))).rejects.toMatchObject(
      badConfiguration(/Start the server with JetStream/),
    );
  });

  it('says after its patience that there is no server: a later start may succeed', async () => {
    const servers = `nats://127.0.0.1:${await freePort()}`;
    const absent = () => starting(new NatsSource(sourceConfig(servers), testContext(), 200));
    await expect(absent()).rejects.toThrow(/could not be reached for 0.2 s: .*refused/);
    await expect(absent()).rejects.not.toHaveProperty('exitCode');
  });

  describeWith('by TLS', OPENSSL, () => {
    it('connects with a token and a certificate, and names an authority that is not trusted', async () => {
      const directory = temporaryTls();
      const { authority, server: own, client } = directory;
      const tls = { caPath: authority, certificatePath: client.certificate, keyPath: client.key };
      const secure = await startNatsServer({
        settings: `authorization { token: secret }
          tls { cert_file: "${own.certificate}", key_file: "${own.key}", ca_file: "${authority}", verify: true }`,
        client: {
          token: 'secret',
          tls: { caFile: authority, certFile: client.certificate, keyFile: client.key },
        },
      });
      await secure.stream('EVENTS', ['events']);
      const loginPath = login('token', { token: 'secret' });
      const servers = `tls://localhost:${secure.port}`;
      const writer = await opened(sinkConfig(servers, { subject: 'events', loginPath, tls }));
      await writer.send([produced('a')]);
      const reader = await joined(sourceConfig(servers, { loginPath, tls }));
      expect(values(await take(reader, 1))).toEqual(['a']);
      await expect(starting(new NatsSink(sinkConfig(servers, { loginPath }), testContext()))).rejects.toMatchObject(
        badConfiguration(/TLS to the server fails/),
      );
    });
  });
});

function temporaryTls() {
  const authority = makeAuthority(DIRECTORY, 'authority');
  const own = authority.issue('server', 'localhost');
  const client = authority.issue('client');
  const write = (name: string, text: string) => {
    const path = join(DIRECTORY, name);
    writeFileSync(path, text);
    return path;
  };
  return {
    authority: write('authority.pem', authority.certificate),
    server: { certificate: write('server.pem', own.certificate), key: write('server-key.pem', own.key) },
    client: { certificate: write('client.pem', client.certificate), key: write('client-key.pem', client.key) },
  };
}
