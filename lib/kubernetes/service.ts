import { PORT_NAMES, PORTS } from '../contract';
import type { Json } from './json';
import type { Labels } from './labels';
import type { ContainerPort } from './pod';

/** Ports of the Service for REST, so that its address needs no port. */
const SERVICE_HTTP_PORT = 80;
const SERVICE_HTTPS_PORT = 443;

/**
 * HTTP/2 without TLS, as gRPC speaks it: the one name that the Gateway API and Istio both know. Names without a prefix
 * belong to IANA, which has none for gRPC.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol
 */
const HTTP2_WITHOUT_TLS = 'kubernetes.io/h2c';
const TLS = 'https';

/** Ports of a serving container. */
export function servingPorts(): ContainerPort[] {
  return [
    { name: PORT_NAMES.http, containerPort: PORTS.http },
    { name: PORT_NAMES.grpc, containerPort: PORTS.grpc },
    { name: PORT_NAMES.metrics, containerPort: PORTS.metrics },
  ];
}

/** `spec` of the Service of a model server. */
export function renderService(selector: Labels, encrypted: boolean): Json {
  const rest = encrypted
    ? { name: 'https', port: SERVICE_HTTPS_PORT, appProtocol: TLS }
    : { name: PORT_NAMES.http, port: SERVICE_HTTP_PORT };
  return {
    selector: { ...selector },
    ports: [
      { ...rest, targetPort: PORT_NAMES.http },
      {
        name: PORT_NAMES.grpc,
        port: PORTS.grpc,
        targetPort: PORT_NAMES.grpc,
        appProtocol: encrypted ? TLS : HTTP2_WITHOUT_TLS,
      },
      { name: PORT_NAMES.metrics, port: PORTS.metrics, targetPort: PORT_NAMES.metrics },
    ],
  };
}

/** `spec` of the Service that names the pods of a StatefulSet, and by which their metrics are found. It balances nothing. */
export function renderHeadlessService(selector: Labels): Json {
  return {
    clusterIP: 'None',
    // A pod has its name before it is ready.
    publishNotReadyAddresses: true,
    selector: { ...selector },
    ports: [{ name: PORT_NAMES.metrics, port: PORTS.metrics, targetPort: PORT_NAMES.metrics }],
  };
}
