import { EventEmitter } from 'node:events';
import type { RdKafka } from '@confluentinc/kafka-javascript';
import { type OutgoingRecord, RecordWriter } from '../../../runtime/src/streaming/kafka/record-writer';
import { produced } from '../support';

/** A client whose requests to the broker fail as a test says; it tells of failures what the real one does. */
class FailingProducer extends EventEmitter {
  readonly requests: string[][] = [];
  private waiting: { topic: string; value: Buffer; key: Buffer | null; id: string }[] = [];

  /** @param fails of which records, by their ids, of a request the broker says that they are not written; and how */
  constructor(private readonly fails: (id: string, request: readonly string[]) => string | undefined) {
    super();
  }

  produce(topic: string, _: null, value: Buffer, key: Buffer | null, _at: null, _opaque: undefined, headers: never[]) {
    this.waiting.push({ topic, value, key, id: `${Object.values(headers[0] ?? {})[0]}` });
  }

  flush(_: number, done: () => void): void {
    const request = this.waiting.splice(0);
    const ids = request.map(({ id }) => id);
    if (ids.length > 0) {
      this.requests.push(ids);
    }
    for (const { topic, value, key, id } of request) {
      const message = this.fails(id, ids);
      if (message !== undefined) {
        this.emit('delivery-report', Object.assign(new Error(message), { code: 10 }), { topic, key, value });
      }
    }
    done();
  }
}

function record(value: string, id: string, key?: string): OutgoingRecord {
  const headers = [['model-serving-event-id', Buffer.from(id)]] as const;
  return {
    topic: 't',
    event: produced(value, 0, { id, headers, key: key === undefined ? undefined : Buffer.from(key) }),
  };
}

async function failuresOf(
  records: OutgoingRecord[],
  fails: (id: string, request: readonly string[]) => string | undefined,
  alone: number[] = [],
) {
  const producer = new FailingProducer(fails);
  const writer = new RecordWriter(producer as unknown as RdKafka.Producer, () => undefined);
  const failed = await writer.write(records, new Set(alone));
  return {
    requests: producer.requests,
    failed: [...failed].map(([index, { error }]) => [records[index].event.id, error.message]),
  };
}

it('finds the records that failed by their keys and values', async () => {
  const records = [record('v', 'a', 'k'), record('v', 'b'), record('w', 'c', 'k'), record('', 'd')];
  const { failed } = await failuresOf(records, (id) => ('bd'.includes(id) ? 'away' : undefined));
  expect(failed).toEqual([
    ['b', 'away'],
    ['d', 'away'],
  ]);
});

it('takes none of equal records for written when it is not known which failed', async () => {
  const records = [record('v', 'a', 'k'), record('v', 'b', 'k'), record('v', 'c', 'other')];
  const { failed } = await failuresOf(records, (id) => (id === 'b' ? 'away' : undefined));
  expect(failed).toEqual([
    ['a', 'away'],
    ['b', 'away'],
  ]);
});

it('knows of equal records that are written alone which one failed', async () => {
  const records = ['a', 'b', 'c', 'd', 'e'].map((id) => record('v', id, 'k'));
  const { failed, requests } = await failuresOf(records, (id) => (id === 'c' ? 'too large' : undefined), [1, 2]);
  expect(requests).toEqual([['a'], ['b'], ['c'], ['d', 'e']]);
  expect(failed).toEqual([['c', 'too large']]);
});
