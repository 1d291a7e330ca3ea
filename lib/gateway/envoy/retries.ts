import type { Json } from '../../kubernetes';
import { typed } from './typed';

/**
 * A prediction is never sent twice to pods that may have computed it: only what no pod has got is sent again.
 *
 * @see https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_filters/router_filter#x-envoy-retry-on
 */
export const RETRY_POLICY: Json = {
  retry_on: 'connect-failure,refused-stream,reset-before-request',
  num_retries: 2,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: typed('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
    },
  ],
  // A pod that refuses has the fewest requests, and is what the choice prefers: of two pods, three times in four.
  host_selection_retry_max_attempts: 20,
};
