import type { Json } from '../../kubernetes';
import { typed } from './typed';

/** Statuses of gRPC that are no fault of the server: all but UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE and DATA_LOSS. */
const SUCCESSES = [0, 1, 3, 5, 6, 7, 9, 10, 11, 12, 16];

/** More requests in a second than there are: below it nothing is ever refused. */
const NEVER = 4_294_967_295;

/**
 * Filters of a cluster that count the statuses of gRPC in its answers, as `admission_control.rq_success` and `rq_failure`.
 *
 * The filter that counts them by status sits in front of the routes, where it sees the answer to a request but not those to its
 * mirrors. Of the filters behind the routes only the one for admission control counts; here it admits everything.
 */
export function grpcOutcomeFilters(): Json[] {
  return [
    {
      name: 'envoy.filters.http.admission_control',
      typed_config: typed('envoy.extensions.filters.http.admission_control.v3.AdmissionControl', {
        enabled: { default_value: true, runtime_key: 'model_serving.grpc_outcomes' },
        rps_threshold: { default_value: NEVER, runtime_key: 'model_serving.grpc_outcomes_rps' },
        success_criteria: {
          // Codes of HTTP are counted by the cluster itself.
          http_criteria: { http_success_status: [{ start: 100, end: 600 }] },
          grpc_criteria: { grpc_success_status: SUCCESSES },
        },
      }),
    },
    {
      name: 'envoy.filters.http.upstream_codec',
      typed_config: typed('envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec', {}),
    },
  ];
}
