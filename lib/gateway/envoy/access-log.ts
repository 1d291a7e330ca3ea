import type { Json } from '../../kubernetes';
import { HEADERS } from './names';
import { typed } from './typed';

/** One JSON object a request on the standard output. What a client sends as query may be secret, so it is left out. */
const FORMAT: Json = {
  time: '%START_TIME%',
  request_id: '%REQ(X-REQUEST-ID)%',
  method: '%REQ(:METHOD)%',
  path: '%PATH(NQ)%',
  host: '%REQ(:AUTHORITY)%',
  protocol: '%PROTOCOL%',
  status: '%RESPONSE_CODE%',
  grpc_status: '%GRPC_STATUS(SNAKE_STRING)%',
  model_version: `%RESP(${HEADERS.version})%`,
  variant: `%RESP(${HEADERS.variant})%`,
  client: `%REQ(${HEADERS.client})%`,
  remote_address: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
  duration_ms: '%DURATION%',
  upstream_cluster: '%UPSTREAM_CLUSTER%',
  upstream_host: '%UPSTREAM_HOST%',
  response_flags: '%RESPONSE_FLAGS%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
};

/** The log of requests; health checks are none. */
export function accessLog(): Json[] {
  return [
    {
      name: 'envoy.access_loggers.stdout',
      filter: { not_health_check_filter: {} },
      typed_config: typed('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
        log_format: { json_format: FORMAT },
      }),
    },
  ];
}
