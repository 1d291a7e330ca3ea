import type { ConsumerConfig, ConsumerInfo } from '@nats-io/jetstream';
import type { NatsSourceConfig } from '../../contract';
import type { Logger } from '../../telemetry';
import { StreamError } from '../event';
import { isConsumerAbsent } from './faults';
import type { NatsServer } from './nats-server';

const NANOS_A_MILLI = 1_000_000;

/** The durable consumer that replicas share: made when it is absent, and never changed. */
export class DurableConsumer {
  constructor(
    private readonly config: NatsSourceConfig,
    private readonly server: NatsServer,
    private readonly logger: Logger,
  ) {}

  /** Makes the consumer unless it is there. @throws StreamError when it is there with other settings */
  async join(): Promise<void> {
    const { startAt, stream } = this.config;
    await this.server.retry(() => this.server.manager.streams.info(stream), true);
    const found = await this.server.retry(() => this.find(), true);
    // Another replica may have made it meanwhile; then this is no fault.
    const info = found ?? (await this.server.retry(() => this.add(startAt === 'latest' ? 'new' : 'all'), true));
    const differences = this.differences(info.config);
    if (differences.length > 0) {
      throw StreamError.declaration(
        `The consumer '${this.config.consumer}' of the stream '${this.config.stream}' is there with other settings: ` +
          `${differences.join('; ')}. Change it (nats consumer edit), delete it, or give consumer another name.`,
      );
    }
  }

  /** Makes the consumer again where somebody has removed it: all that is in the stream is read again. */
  async restore(): Promise<void> {
    if ((await this.find()) === undefined) {
      this.logger.warn(
        { consumer: this.config.consumer },
        'the consumer is gone: it is made again, from the first message on',
      );
      await this.add('all');
    }
  }

  /** The consumer; undefined = it is absent. */
  async find(): Promise<ConsumerInfo | undefined> {
    const { stream, consumer } = this.config;
    try {
      return await this.server.manager.consumers.info(stream, consumer);
    } catch (error) {
      if (isConsumerAbsent(error)) {
        return undefined;
      }
      throw error;
    }
  }

  private async add(from: 'all' | 'new'): Promise<ConsumerInfo> {
    const { stream, consumer } = this.config;
    const settings = {
      ...this.wanted(),
      durable_name: consumer,
      deliver_policy: from,
      replay_policy: 'instant',
    } as const;
    try {
      return await this.server.manager.consumers.add(stream, settings);
    } catch (error) {
      const found = await this.find();
      if (found === undefined) {
        throw error;
      }
      return found;
    }
  }

  private wanted(): Partial<ConsumerConfig> {
    const { ackWaitMillis, maxAckPending, subject } = this.config;
    return {
      ack_policy: 'explicit',
      ack_wait: ackWaitMillis * NANOS_A_MILLI,
      max_ack_pending: maxAckPending,
      // Those that are delivered too often become dead letters here; the server would only be silent about them.
      max_deliver: -1,
      ...(subject === undefined ? {} : { filter_subject: subject }),
    };
  }

  private differences(found: ConsumerConfig): string[] {
    const { ackWaitMillis, maxAckPending, subject } = this.config;
    const differences: string[] = [];
    const compare = (what: string, is: unknown, declared: unknown) => {
      if (is !== declared) {
        differences.push(`${what} is ${String(is)}, and must be ${String(declared)}`);
      }
    };
    if (found.deliver_subject !== undefined) {
      differences.push('it pushes messages (deliver_subject), and must be a pull consumer');
    }
    if (found.backoff !== undefined && found.backoff.length > 0) {
      differences.push('it has a backoff, which goes before ack_wait');
    }
    compare('ack_policy', found.ack_policy, 'explicit');
    compare('ack_wait', `${(found.ack_wait ?? 0) / NANOS_A_MILLI} ms`, `${ackWaitMillis} ms`);
    compare('max_ack_pending', found.max_ack_pending, maxAckPending);
    compare('max_deliver', found.max_deliver ?? -1, -1);
    compare(
      'filter_subject',
      found.filter_subject ?? found.filter_subjects?.join(',') ?? 'absent',
      subject ?? 'absent',
    );
    return differences;
  }
}
