import { serviceHost } from '../config';
import type { Deployment, Objects, Service } from './objects';

/** Servers by the names of the Services that they stand in for, as a user gave them. */
type StandIns = Readonly<Record<string, string>>;

/** What pods of a namespace connect to in place of Services, by `name.namespace` with or without port. */
export function serversFor(namespace: string, standIns: StandIns): Record<string, string> {
  return Object.fromEntries(
    Object.entries(standIns).map(([name, server]) => {
      const { host, port } = split(name);
      return [`${serviceHost(host, namespace)}${port}`, server];
    }),
  );
}

/** The Deployments and Services that run here: all but those whose place a server of this machine takes. */
export function withoutStandIns(
  { deployments, services }: Objects,
  standIns: StandIns,
): Pick<Objects, 'deployments' | 'services'> {
  const replaced = services.filter((service) => isReplaced(service, standIns));
  return {
    services: services.filter((service) => !replaced.includes(service)),
    deployments: deployments.filter((deployment) => !replaced.some((service) => isBehind(deployment, service))),
  };
}

function isReplaced({ name, namespace }: Service, standIns: StandIns): boolean {
  return Object.keys(standIns).some(
    (each) => serviceHost(split(each).host, namespace) === serviceHost(name, namespace),
  );
}

function isBehind({ namespace, template }: Deployment, service: Service): boolean {
  const selector = Object.entries(service.selector);
  return (
    namespace === service.namespace &&
    selector.length > 0 &&
    selector.every(([key, value]) => template.metadata.labels[key] === value)
  );
}

function split(name: string): { host: string; port: string } {
  const [host = '', port] = name.split(':');
  return { host, port: port === undefined ? '' : `:${port}` };
}
