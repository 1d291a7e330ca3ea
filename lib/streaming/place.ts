import { serversOf } from './broker-address';
import type { SinkInput } from './event-sink';
import type { SourceInput } from './event-source';
import { matchesSubject } from './nats';

/** Whether a sink writes to where a source reads. Two lists of servers are of the same cluster when they share one. */
export function isLoop(source: SourceInput, sink: SinkInput): boolean {
  if (source.type === 'nats' && sink.type === 'nats') {
    // Which subjects the stream holds is known to the server alone.
    const { subject } = source.options;
    return (
      subject !== undefined &&
      shareServer(source.options.servers, sink.options.servers) &&
      matchesSubject(subject, sink.options.subject)
    );
  }
  return samePlace(source, sink);
}

/** Whether two are at the same place. */
export function samePlace(one: SourceInput | SinkInput, other: SourceInput | SinkInput): boolean {
  if (one.type === 'kafka' && other.type === 'kafka') {
    return (
      shareServer(one.options.bootstrapServers, other.options.bootstrapServers) &&
      one.options.topic === other.options.topic
    );
  }
  if (one.type === 'redis-stream' && other.type === 'redis-stream') {
    const [a, b] = [one.options, other.options];
    return shareServer(a.address, b.address) && (a.database ?? 0) === (b.database ?? 0) && a.stream === b.stream;
  }
  if (one.type === 'nats' && other.type === 'nats') {
    const [a, b] = [one.options, other.options];
    return shareServer(a.servers, b.servers) && 'subject' in a && a.subject === b.subject;
  }
  return one.type === 'http' && other.type === 'http' && one.options.url === other.options.url;
}

/** Whether two are topics of a Kafka cluster that is reached by the same brokers. */
export function haveSameBrokers(one: SourceInput | SinkInput, other: SourceInput | SinkInput): boolean {
  return (
    one.type === 'kafka' &&
    other.type === 'kafka' &&
    serverSet(one.options.bootstrapServers) === serverSet(other.options.bootstrapServers)
  );
}

function serverSet(list: string): string {
  return [...new Set(serversOf(list))].sort().join();
}

function shareServer(one: string, other: string): boolean {
  const servers = serversOf(other);
  return serversOf(one).some((server) => servers.includes(server));
}
