import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RedisStreamSink, RedisStreamSource } from '../../../runtime/src/streaming/redis';
import { freePort } from '../../support/free-port';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../../support/redis-server';
import { describeWith } from '../../support/requires';
import { temporaryDirectory } from '../../support/temporary';
import { AT_ONCE, produced, take, testContext, values } from '../support';
import { add, joined, opened, sinkConfig, sourceConfig, transaction } from './support';

const DIRECTORY = temporaryDirectory();
const PASSWORD = join(DIRECTORY, 'password');
writeFileSync(PASSWORD, 'right\n');

const badConfiguration = (message: RegExp) => ({ exitCode: 43, message: expect.stringMatching(message) });

describeWith('a declaration of Redis streams that cannot be followed', REDIS_SERVER, () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
    for (const [user, ...rules] of [
      ['reader', '>right', '+@all', '-xreadgroup', '~*'],
      ['guest', '>right', '+@all', '-xgroup', '~*'],
      ['writer', '>right', '+@all', '-xadd', '~*'],
      ['least', '>right', '+ping', '+@stream', '+evalsha', '+script|load', '~in', '~out', '~dead'],
    ]) {
      await redis.command('ACL', 'SETUSER', user, 'on', ...rules);
    }
  });

  beforeEach(() => redis.command('FLUSHALL'));

  const starting = async (client: RedisStreamSource | RedisStreamSink) => {
    try {
      await client.start();
    } finally {
      await client.stop();
    }
  };
  const source = (more: object, patience?: number) =>
    new RedisStreamSource(sourceConfig(redis.address, more), testContext(), patience);
  const sink = (more: object) => new RedisStreamSink(sinkConfig(redis.address, more), testContext());
  const as = (username: string) => ({ username, passwordPath: PASSWORD });

  it('names a wrong password', async () => {
    writeFileSync(join(DIRECTORY, 'wrong'), 'wrong');
    const wrong = { username: 'least', passwordPath: join(DIRECTORY, 'wrong') };
    await expect(starting(source(wrong))).rejects.toMatchObject(badConfiguration(/'in' of Redis at .*password/));
    await expect(starting(sink(wrong))).rejects.toMatchObject(badConfiguration(/'out' of Redis at .*password/));
    const absent = { username: 'least', passwordPath: join(DIRECTORY, 'absent') };
    await expect(starting(source(absent))).rejects.toMatchObject(badConfiguration(/password cannot be read/));
  });

  it('names what the user may not do', async () => {
    await expect(starting(source(as('reader')))).rejects.toMatchObject(badConfiguration(/Allow it \+@stream/));
    await redis.command('DEL', 'in');
    await expect(starting(source(as('guest')))).rejects.toMatchObject(badConfiguration(/XGROUP CREATE in g/));
    await expect(starting(sink(as('writer')))).rejects.toMatchObject(badConfiguration(/Allow it \+@stream/));
    await expect(starting(sink({ ...as('least'), stream: 'other' }))).rejects.toMatchObject(
      badConfiguration(/may not do/),
    );
  });

  it('asks for no more rights than it says', async () => {
    const reader = await joined(sourceConfig(redis.address, as('least')));
    const delivery = await transaction(reader, sinkConfig(redis.address, as('least')));
    await add(redis, 'a');
    const events = await take(reader, 1);
    await delivery.deliver({ events, outputs: [produced('A')], deadLetters: [] }, () => produced('never'));
    expect(await reader.lag()).toEqual(new Map([[0, 0]]));
    await (await opened(sinkConfig(redis.address, as('least')))).send([produced('B')]);
    expect(await redis.command('XLEN', 'out')).toBe(2);
  });

  it('reads a group that somebody else has made', async () => {
    await redis.command('XGROUP', 'CREATE', 'in', 'g', '$', 'MKSTREAM');
    const reader = await joined(sourceConfig(redis.address, as('guest')));
    await add(redis, 'a');
    expect(values(await take(reader, 1))).toEqual(['a']);
  });

  it('names a key that is no stream, and a database that is not there', async () => {
    await redis.command('SET', 'in', 'text');
    await redis.command('SET', 'out', 'text');
    await expect(starting(source({}))).rejects.toMatchObject(badConfiguration(/no stream/));
    await expect(starting(sink({}))).rejects.toMatchObject(badConfiguration(/no stream/));
    await expect(starting(sink({ database: 99 }))).rejects.toMatchObject(
      badConfiguration(/no database of this number/),
    );
    const reader = await joined(sourceConfig(redis.address, { stream: 'other' }));
    await expect(transaction(reader)).rejects.toMatchObject(badConfiguration(/no stream/));
  });

  it('says after its patience that there is no server: a later start may succeed', async () => {
    const port = await freePort();
    const absent = new RedisStreamSource(sourceConfig(`127.0.0.1:${port}`), testContext(), 200);
    await expect(starting(absent)).rejects.toThrow(/could not be reached for 0.2 s: .*ECONNREFUSED/);
  });

  it('bears a refusal for a while that comes later, and then ends', async () => {
    const reader = source(as('reader'), 500);
    await redis.command('ACL', 'SETUSER', 'reader', '+xreadgroup');
    await reader.start();
    await add(redis, 'a');
    expect(values(await take(reader, 1))).toEqual(['a']);
    await redis.command('ACL', 'SETUSER', 'reader', '-xreadgroup');
    const signal = new AbortController().signal;
    const reading = async () => {
      for (;;) {
        await reader.next(AT_ONCE, signal);
      }
    };
    await expect(reading().finally(() => reader.stop())).rejects.toMatchObject(badConfiguration(/may not do/));
  });

  it('reaches a server by TLS, and names a certificate that is not trusted', async () => {
    const secure = await startRedisServer({ tls: true, password: 'right' });
    const login = { passwordPath: PASSWORD };
    const reader = await joined(sourceConfig(secure.address, { ...login, tls: { caPath: secure.caPath } }));
    await secure.command('XADD', 'in', '*', 'value', 'a');
    expect(values(await take(reader, 1))).toEqual(['a']);
    const untrusted = new RedisStreamSource(sourceConfig(secure.address, { ...login, tls: {} }), testContext());
    await expect(starting(untrusted)).rejects.toMatchObject(badConfiguration(/TLS to the server fails/));
  });
});
