import type { ISecret } from 'cdk8s-plus-28';
import {
  type Destination,
  destinationOf,
  isLinkLocal,
  isPrivate,
  quote,
  RULES,
  type Violation,
  violation,
  withoutSecrets,
} from '../kubernetes';

/** An object of a store, and how the store is reached. */
export interface StoredObject {
  readonly type: 's3' | 'gcs' | 'azure-blob' | 'https';
  readonly uri: string;
  /** Absent = the service of the provider. */
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: ISecret;
  /** Absent = where the address says that the server is inside the cluster or its network. */
  readonly allowPrivate?: boolean;
}

// Metadata services that give a pod its own identity where no secret is named. Cloud accounts of the node stay out of
// reach: those are behind other addresses, or behind the same one on other ports.
const IDENTITY: { readonly [type: string]: Destination[] } = {
  gcs: [
    { kind: 'address', address: '169.254.169.254', port: 80 },
    { kind: 'address', address: '169.254.169.252', port: 988 },
  ],
  s3: [
    { kind: 'address', address: '169.254.170.23', port: 80 },
    { kind: 'address', address: 'fd00:ec2::23', port: 80 },
  ],
};

/** The server that is connected to. */
function serverOf({ type, uri, endpoint }: StoredObject): Destination {
  const address = endpoint ?? (type === 's3' || type === 'gcs' ? undefined : uri);
  return address !== undefined && URL.canParse(address)
    ? destinationOf(new URL(address))
    : { kind: 'external', port: 443 };
}

/** Everything that is connected to: the store, and what gives the pod its identity there. */
export function storeServers(object: StoredObject): Destination[] {
  const isIdentified = object.credentials === undefined && object.endpoint === undefined;
  return [serverOf(object), ...(isIdentified ? (IDENTITY[object.type] ?? []) : [])];
}

/** Whether the server may have a private address, and be spoken to without encryption. */
export function mayBePrivate(object: StoredObject): boolean {
  return object.allowPrivate ?? isPrivate(serverOf(object));
}

/**
 * Checks how a store is reached.
 *
 * @param what what is there, for the message: `source`
 */
export function checkStore(what: string, object: StoredObject): Violation[] {
  return [...checkServer(what, object), ...checkRegion(object)];
}

function checkServer(what: string, object: StoredObject): Violation[] {
  const { type, uri, endpoint } = object;
  const found: Violation[] = [];
  if (endpoint !== undefined && !isEndpoint(endpoint)) {
    found.push(
      violation(
        RULES.sourceEndpoint,
        `The endpoint is ${quote(withoutSecrets(endpoint))}.`,
        "Write scheme and host, as in 'http://minio.storage:9000'.",
      ),
    );
  }
  const address = endpoint ?? (type === 's3' || type === 'gcs' ? '' : uri);
  if (isLinkLocal(serverOf(object))) {
    found.push(
      violation(
        RULES.sourceHost,
        `The ${what} is at ${quote(withoutSecrets(address))}, a link-local address.`,
        'Name another server.',
      ),
    );
  } else if (address.toLowerCase().startsWith('http:') && !mayBePrivate(object)) {
    found.push(
      violation(
        RULES.sourceHost,
        `The ${type} ${what} is at ${quote(withoutSecrets(address))}, without encryption.`,
        'Write https://, or allowPrivate: true if the server is inside your own network.',
      ),
    );
  }
  return found;
}

function checkRegion({ region }: StoredObject): Violation[] {
  return region === undefined || /^[A-Za-z0-9-]+$/.test(region)
    ? []
    : [violation(RULES.sourceName, `region is ${quote(region)}.`, "Write it as in 'eu-central-1'.")];
}

function isEndpoint(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) {
    return false;
  }
  const { protocol, hostname, username, search, hash } = new URL(endpoint);
  const isWeb = protocol === 'https:' || protocol === 'http:';
  return isWeb && hostname !== '' && username === '' && search === '' && hash === '';
}
