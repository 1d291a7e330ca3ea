import type { ISecret } from 'cdk8s-plus-28';
import { type ObjectLocationConfig, PATHS } from '../contract';
import { type Destination, isDnsSubdomain, mountSecret } from '../kubernetes';
import { mayBePrivate, type StoredObject, storeServers } from '../model';
import type { PodAdditions } from '../online';

/** How the store of a table is reached. */
export interface ObjectStoreOptions {
  /**
   * Address of a server that speaks the protocol of the store, for example `http://minio.storage:9000`; for Azure with the name of
   * the account, `http://azurite.storage:10000/account`.
   *
   * @default - the service of the provider
   */
  readonly endpoint?: string;

  /**
   * Region of the bucket.
   *
   * @default - what the client finds out
   */
  readonly region?: string;

  /**
   * Secret with the credentials, mounted as files. Keys: for s3 `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and optionally
   * `AWS_SESSION_TOKEN`; for gs `service-account.json`; for Azure `AZURE_STORAGE_ACCOUNT` and `AZURE_STORAGE_KEY`; for https
   * `authorization`, the value of the header.
   *
   * @default - the workload identity of the pod's service account, or anonymous
   */
  readonly credentials?: ISecret;

  /**
   * Whether the server may have a private address, and may be spoken to without encryption.
   *
   * @default - true when the address names a Service of the cluster or a private address, else false
   */
  readonly allowPrivate?: boolean;
}

/** Where a table, or the ledger, is. */
export interface DataLocation {
  /** What is there. */
  readonly what: 'input' | 'output' | 'ledger';
  readonly uri: string;
  readonly options: ObjectStoreOptions;
}

/** The kinds of addresses, by the store that they are of. */
export type LocationType = StoredObject['type'] | 'file';

const CLAIM = /^pvc:\/\/([^/]*)\/?(.*)$/;
const AZURE = /^https?:\/\/[^/]+\.blob\.core\.[^/]+\//i;

/** Kind of a location by its address; `undefined` when it is of none. */
export function locationType(uri: string): LocationType | undefined {
  const [, scheme] = /^([a-z0-9]+):\/\//.exec(uri) ?? [];
  switch (scheme) {
    case 's3':
      return 's3';
    case 'gs':
      return 'gcs';
    case 'pvc':
      return 'file';
    case 'https':
    case 'http':
      return AZURE.test(uri) ? 'azure-blob' : 'https';
    default:
      return undefined;
  }
}

/** Claim and path of a `pvc://claim/path`. */
export function claimOf(uri: string): { claim: string; path: string } | undefined {
  const [, claim, path] = CLAIM.exec(uri) ?? [];
  return claim === undefined || path === undefined ? undefined : { claim, path };
}

/** A location that is no claim, as downloads of models know it. */
export function storedObject({ uri, options }: DataLocation): StoredObject | undefined {
  const type = locationType(uri);
  return type === undefined || type === 'file' ? undefined : { type, uri, ...options };
}

/** Locations as the runtime reads them, in order, and what they add to the pod. */
export function bindLocations(locations: DataLocation[]): {
  configs: ObjectLocationConfig[];
  additions: PodAdditions;
} {
  const secrets = new Map<string, ReturnType<typeof mountSecret>>();
  const mounted = (secret: ISecret) => {
    const known = secrets.get(secret.name) ?? mountSecret(`store-credentials-${secrets.size + 1}`, secret);
    secrets.set(secret.name, known);
    return known;
  };
  const configs = locations.map((location) =>
    locationConfig(location, location.options.credentials && mounted(location.options.credentials).directory),
  );
  const claims = claimMounts(locations);
  return {
    configs,
    additions: {
      volumes: [...[...secrets.values()].map(({ volume }) => volume), ...claims.map(({ volume }) => volume)],
      mounts: [...[...secrets.values()].map(({ mount }) => mount), ...claims.map(({ mount }) => mount)],
      egress: locations.flatMap(serversOf),
    },
  };
}

function locationConfig(location: DataLocation, credentialsPath: string | undefined): ObjectLocationConfig {
  const uri = location.uri.replace(/\/+$/, '');
  const object = storedObject(location);
  const { claim = '', path = '' } = claimOf(uri) ?? {};
  if (object === undefined) {
    return {
      uri: path === '' ? `${PATHS.volumes}/${claim}` : `${PATHS.volumes}/${claim}/${path}`,
      store: { type: 'file' },
    };
  }
  const { type, region } = object;
  // In Azure the account is part of the server, or of the path of a server that stands in for it.
  const isWhole = type === 'azure-blob' && object.endpoint !== undefined;
  const endpoint = isWhole ? undefined : object.endpoint;
  return {
    uri: isWhole ? `${object.endpoint?.replace(/\/+$/, '')}/${uri.replace(/^https?:\/\/[^/]+\//, '')}` : uri,
    store: { type, endpoint, region, credentialsPath, allowPrivate: mayBePrivate(object) ? true : undefined },
  };
}

/** Each claim once, and read-only where nothing is written to it. */
function claimMounts(locations: DataLocation[]) {
  const written = new Map<string, boolean>();
  for (const { uri, what } of locations) {
    const { claim } = claimOf(uri) ?? {};
    if (claim !== undefined && isDnsSubdomain(claim)) {
      written.set(claim, written.get(claim) === true || what !== 'input');
    }
  }
  return [...written].map(([claimName, isWritten], index) => {
    const name = `table-${index + 1}`;
    const readOnly = isWritten ? undefined : true;
    return {
      volume: { name, persistentVolumeClaim: { claimName, readOnly } },
      mount: { name, mountPath: `${PATHS.volumes}/${claimName}`, readOnly },
    };
  });
}

function serversOf(location: DataLocation): Destination[] {
  const object = storedObject(location);
  return object === undefined ? [] : storeServers(object);
}
