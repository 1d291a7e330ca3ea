import { checkedStreamConfig } from '../../runtime/src/config/stream-schema';
import { chartWith, streamConfigOf } from './consumers';
import { STREAM_CASES } from './rule-cases';

/*
 * What the library writes for a declaration that breaks no rule, the runtime takes. It has rules of its own: a configuration that
 * passes the one and not the other would be found out in the cluster.
 */

const held = Object.entries(STREAM_CASES).flatMap(([rule, { holds }]) =>
  holds.map((declare, index) => ({ rule, index, declare })),
);

test.each(held)('$rule $index: the runtime takes what the library writes', ({ declare }) => {
  const config = streamConfigOf(chartWith(declare()).toJson());
  expect(checkedStreamConfig(config, 'config.json')).toEqual(config);
});
