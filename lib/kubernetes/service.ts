import { PORT_NAMES, PORTS } from '../contract';
import type { Json } from './json';
import type { Labels } from './labels';
import type { ContainerPort } from './pod';

/** Port of the Service for REST, so that its address needs no port. */
const SERVICE_HTTP_PORT = 80;

/** Ports of a serving container. */
export function servingPorts(): ContainerPort[] {
  return [
    { name: PORT_NAMES.http, containerPort: PORTS.http },
    { name: PORT_NAMES.metrics, containerPort: PORTS.metrics },
  ];
}

/** `spec` of the Service of a model server. */
export function renderService(selector: Labels): Json {
  return {
    selector: { ...selector },
    ports: [
      { name: PORT_NAMES.http, port: SERVICE_HTTP_PORT, targetPort: PORT_NAMES.http },
      { name: PORT_NAMES.metrics, port: PORTS.metrics, targetPort: PORT_NAMES.metrics },
    ],
  };
}
