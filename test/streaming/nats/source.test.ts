import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { NATS_SERVER, type NatsTestServer, startNatsServer } from '../../services/nats';
import { eventually } from '../../support/eventually';
import { startFaultProxy } from '../../support/fault-proxy';
import { describeWith } from '../../support/requires';
import { AT_ONCE, take, testContext, values } from '../support';
import { joined, sourceConfig } from './support';

const never = new AbortController().signal;

describeWith('a stream of JetStream as a source', NATS_SERVER, () => {
  let server: NatsTestServer;

  beforeAll(async () => {
    server = await startNatsServer();
  });

  beforeEach(() => server.stream('EVENTS', ['events.*']));

  const publish = async (...texts: string[]) => {
    for (const text of texts) {
      await jetstream(server.nats).publish('events.a', text);
    }
  };
  const info = () => server.manager.consumers.info('EVENTS', 'scorer');

  it('makes a durable consumer with explicit acknowledgements and no limit of deliveries', async () => {
    await joined(sourceConfig(server.url, { subject: 'events.a', ackWaitMillis: 2000, maxAckPending: 77 }));
    expect((await info()).config).toMatchObject({
      durable_name: 'scorer',
      ack_policy: 'explicit',
      ack_wait: 2e9,
      max_ack_pending: 77,
      max_deliver: -1,
      filter_subject: 'events.a',
      deliver_policy: 'all',
    });
  });

  it('gives value, key, headers, time and position, and keeps orders to the server away', async () => {
    const source = await joined(sourceConfig(server.url));
    const sent = headers();
    sent.append('trace', 'a');
    sent.append('trace', 'b');
    sent.append('Nats-Rollup', 'x');
    sent.append('model-serving-event-key', 'k');
    const before = Date.now();
    await jetstream(server.nats)
      .publish('events.a', Buffer.from([0, 255, 10]), { headers: sent })
      .catch(() => undefined);
    sent.delete('Nats-Rollup');
    sent.append('Nats-Own', 'x');
    await jetstream(server.nats).publish('events.a', Buffer.from([0, 255, 10]), { headers: sent });
    const [event] = await take(source, 1);
    expect(event).toMatchObject({
      value: Buffer.from([0, 255, 10]),
      key: Buffer.from('k'),
      headers: [
        ['trace', Buffer.from('a')],
        ['trace', Buffer.from('b')],
      ],
      partition: 0,
      position: 'EVENTS/1',
      deliveries: 1,
    });
    expect(event.timestampMillis).toBeGreaterThanOrEqual(before - 1);
    expect(event.timestampMillis).toBeLessThanOrEqual(Date.now() + 1);
  });

  it('begins where declared, takes the declared subject, and goes on where it was', async () => {
    await publish('old');
    const source = await joined(sourceConfig(server.url, { startAt: 'latest', subject: 'events.a' }));
    await jetstream(server.nats).publish('events.b', 'other');
    await publish('a', 'b');
    const events = await take(source, 2);
    expect(values(events)).toEqual(['a', 'b']);
    await source.acknowledge(events);
    expect((await info()).num_ack_pending).toBe(0);
    await source.stop();
    await publish('c');
    const next = await joined(sourceConfig(server.url, { startAt: 'latest', subject: 'events.a' }));
    expect(values(await take(next, 1))).toEqual(['c']);
  });

  it('gives micro-batches of the declared rows, and counts what is not acknowledged', async () => {
    await publish(...Array.from({ length: 10 }, (_, index) => `value-${index}`));
    const source = await joined(sourceConfig(server.url));
    const some = { ...AT_ONCE, maxRows: 4, maxDelayMillis: 5000 };
    expect(await source.next(some, never)).toHaveLength(4);
    expect(await source.lag()).toEqual(new Map([[0, 10]]));
    const events = await source.next(some, never);
    expect(values(events)).toEqual(['value-4', 'value-5', 'value-6', 'value-7']);
    await source.acknowledge(events);
    expect(await source.lag()).toEqual(new Map([[0, 6]]));
    expect(values(await source.next({ ...some, maxDelayMillis: 0 }, never))).toEqual(['value-8', 'value-9']);
    expect(await source.next(AT_ONCE, never)).toEqual([]);
  });

  it('gives back what it has not handed on', async () => {
    const first = await joined(sourceConfig(server.url));
    await publish('a', 'b');
    expect(await first.next({ ...AT_ONCE, maxBytes: 1, maxDelayMillis: 5000 }, never)).toHaveLength(1);
    await eventually('both are delivered', async () => (await info()).num_ack_pending === 2);
    await first.stop();
    const second = await joined(sourceConfig(server.url));
    expect(values(await take(second, 1))).toEqual(['b']);
  });

  it('takes over what a killed consumer has left, in groups that are smaller with each delivery', async () => {
    const config = sourceConfig(server.url, { ackWaitMillis: 1000, maxDeliveries: 2 });
    const proxy = await startFaultProxy(server.port);
    const dead = await joined({ ...config, servers: proxy.address });
    await publish('a', 'b', 'c');
    await take(dead, 3);
    proxy.faults.refuse = true;
    proxy.reset();
    const source = await joined(config);
    const sizes: number[] = [];
    const taken: string[] = [];
    await eventually('all are taken over', async () => {
      const events = await source.next(AT_ONCE, never);
      sizes.push(...(events.length > 0 ? [events.length] : []));
      taken.push(...events.map(({ value, deliveries }) => `${value} ${deliveries}`));
      await source.acknowledge(events);
      return taken.length === 3;
    });
    expect(sizes).toEqual([1, 1, 1]);
    expect(taken).toEqual(['a 2', 'b 2', 'c 2']);
  });

  it('counts out the first of those that were delivered too often, and tries the others', async () => {
    const config = sourceConfig(server.url, { ackWaitMillis: 60_000, maxDeliveries: 1 });
    const first = await joined(config);
    await publish('a', 'b', 'c');
    const given = await take(first, 3);
    await first.stop();
    await eventually('its request is forgotten', async () => (await info()).num_waiting === 0);
    for (const { handle } of given) {
      server.nats.publish(handle as string, '-NAK');
    }
    await server.nats.flush();
    const second = await joined(config);
    const counts: (number | undefined)[] = [];
    await eventually('all are tried', async () => {
      const events = await second.next(AT_ONCE, never);
      counts.push(...events.map(({ deliveries }) => deliveries));
      await second.acknowledge(events);
      return counts.length === 3;
    });
    expect(counts).toEqual([2, 1, 1]);
  });

  it('keeps messages that it works on, however long that takes', async () => {
    const config = sourceConfig(server.url, { ackWaitMillis: 400 });
    const slow = await joined(config);
    await publish('a');
    const events = await take(slow, 1);
    const other = await joined(config);
    const end = performance.now() + 1500;
    while (performance.now() < end) {
      expect(await other.next(AT_ONCE, never)).toEqual([]);
    }
    await slow.acknowledge(events);
    expect((await info()).num_ack_pending).toBe(0);
  });

  it('goes on after a restart of the server', async () => {
    const context = testContext();
    const source = await joined(sourceConfig(server.url, { ackWaitMillis: 1000 }), context);
    await publish('a');
    const events = await take(source, 1);
    await server.kill();
    const acknowledged = source.acknowledge(events);
    await eventually('it failed', () => context.faults.length > 0);
    await server.restart();
    await acknowledged;
    await publish('b');
    expect(values(await take(source, 1))).toEqual(['b']);
    expect((await info()).num_ack_pending).toBe(1);
  });

  it('makes its consumer again when somebody has removed it', async () => {
    const source = await joined(sourceConfig(server.url, { startAt: 'latest' }));
    await server.manager.consumers.delete('EVENTS', 'scorer');
    await publish('a');
    expect(values(await take(source, 1))).toEqual(['a']);
  });
});
