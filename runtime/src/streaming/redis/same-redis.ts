import type { EventSinkConfig, EventSourceConfig } from '../../contract';

/** Whether two configurations lead to the same database of the same server as the same user, so that one script can use both. */
export function sameRedis(a: EventSourceConfig | EventSinkConfig, b: EventSourceConfig | EventSinkConfig): boolean {
  return (
    a.type === 'redis-stream' &&
    b.type === 'redis-stream' &&
    a.address === b.address &&
    (a.database ?? 0) === (b.database ?? 0) &&
    a.username === b.username &&
    a.passwordPath === b.passwordPath &&
    a.tls?.caPath === b.tls?.caPath &&
    a.tls?.serverName === b.tls?.serverName &&
    (a.tls === undefined) === (b.tls === undefined)
  );
}
