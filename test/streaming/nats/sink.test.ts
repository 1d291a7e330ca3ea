import { NATS_SERVER, type NatsTestServer, startNatsServer } from '../../services/nats';
import { eventually } from '../../support/eventually';
import { describeWith } from '../../support/requires';
import { produced, testContext } from '../support';
import { opened, sinkConfig } from './support';

describeWith('a subject of JetStream as a sink', NATS_SERVER, () => {
  let server: NatsTestServer;

  beforeAll(async () => {
    server = await startNatsServer({ settings: 'max_payload: 4096' });
  });

  beforeEach(() => server.stream('SCORES', ['scores']));

  it('publishes in the order of calls, with headers and key', async () => {
    const sink = await opened(sinkConfig(server.url));
    const bytes = Buffer.from([255, 254]);
    const event = produced('a', 0, {
      key: Buffer.from('k'),
      headers: [
        ['trace', Buffer.from('one\r\ntwo')],
        ['a b', Buffer.from('c')],
        ['raw', bytes],
        ['Nats-Rollup', Buffer.from('all')],
      ],
    });
    expect(await Promise.all([sink.send([event, produced('b')]), sink.send([produced('c')])])).toEqual([[], []]);
    expect(await server.texts('SCORES')).toEqual(['a', 'b', 'c']);
    const message = await server.manager.streams.getMessage('SCORES', { seq: 1 });
    expect([...(message?.header ?? [])]).toEqual([
      ['trace', ['one two']],
      ['a-b', ['c']],
      ['raw', [bytes.toString('base64')]],
      ['model-serving-event-key', ['k']],
      ['Nats-Msg-Id', ['id-a']],
    ]);
  });

  it('keeps one message of an id that is sent again', async () => {
    const sink = await opened(sinkConfig(server.url));
    await sink.send([produced('a'), produced('b')]);
    expect(await sink.send([produced('a'), produced('b'), produced('c')])).toEqual([]);
    expect(await server.texts('SCORES')).toEqual(['a', 'b', 'c']);
  });

  it('says which events the server or the stream never takes', async () => {
    await server.stream('SCORES', ['scores'], { max_msg_size: 1000 });
    const sink = await opened(sinkConfig(server.url));
    expect(sink.maxValueBytes).toBe(4096);
    const refusals = await sink.send([
      produced('a'),
      produced('b'.repeat(4090)),
      produced('c'.repeat(2000)),
      produced('d'),
    ]);
    expect(refusals).toEqual([
      undefined,
      { errorClass: 'encode', reason: expect.stringMatching(/takes 4096 \(max_payload\)/) },
      { errorClass: 'encode', reason: expect.stringMatching(/max_msg_size/) },
      undefined,
    ]);
    expect(await server.texts('SCORES')).toEqual(['a', 'd']);
  });

  it('waits for a server that is restarted, and for a stream that is full', async () => {
    await server.stream('SCORES', ['scores'], { max_msgs: 2, discard: 'new' });
    const context = testContext();
    const sink = await opened(sinkConfig(server.url), context);
    await sink.send([produced('a')]);
    await server.kill();
    const sent = sink.send([produced('b')]);
    await eventually('it failed', () => context.faults.length > 0);
    await server.restart();
    await sent;
    const faults = context.faults.length;
    const more = sink.send([produced('c'), produced('d')]);
    await eventually('the stream is full', () => context.faults.length > faults);
    await server.manager.streams.update('SCORES', { max_msgs: 10 });
    await more;
    expect(await server.texts('SCORES')).toEqual(['a', 'b', 'c', 'd']);
  });
});
