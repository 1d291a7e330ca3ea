import { posix } from 'node:path';
import {
  bytesOf,
  type Destination,
  isLinkLocal,
  isPrivate,
  millisOf,
  quote,
  RULES,
  type Violation,
  violation,
  withoutSecrets,
} from '../kubernetes';
import { checkSha256 } from './digest';
import type { Download } from './download';

const MAX_MILLIS = 2 ** 31 - 1;

const hasObject = ({ hostname, pathname }: URL) => hostname !== '' && pathname.length > 1;

/** Bucket and object, and nothing behind them: a query, such as a version, would be lost. */
const namesObject = (uri: URL) => hasObject(uri) && uri.search === '';

const FORMS: { readonly [type: string]: { readonly example: string; readonly holds: (uri: URL) => boolean } } = {
  s3: {
    example: 's3://models/iris/v1/model.onnx',
    holds: (uri) => uri.protocol === 's3:' && namesObject(uri),
  },
  gcs: {
    example: 'gs://models/iris/v1/model.onnx',
    holds: (uri) => uri.protocol === 'gs:' && namesObject(uri),
  },
  'azure-blob': {
    example: 'https://account.blob.core.windows.net/models/iris/v1/model.onnx',
    holds: (uri) => isWeb(uri) && /^\/[^/]+\/.+/.test(uri.pathname),
  },
  https: {
    example: 'https://models.example.com/iris/v1/model.onnx',
    holds: (uri) => isWeb(uri) && hasObject(uri),
  },
};

/**
 * Checks a download as it is declared.
 *
 * @param server server that the pod connects to
 */
export function checkDownload(input: Download, server: Destination): Violation[] {
  return [
    ...checkSha256('sha256', input.sha256),
    ...checkAddress(input),
    ...checkServer(input, server),
    ...checkArchive(input),
    ...checkLimits(input),
    ...checkNames(input),
  ];
}

function checkAddress({ type, uri }: Download): Violation[] {
  const form = FORMS[type];
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const holds =
    url !== undefined &&
    url.username === '' &&
    url.password === '' &&
    url.hash === '' &&
    isDecodable(url) &&
    form?.holds(url);
  return holds
    ? []
    : [
        violation(
          RULES.sourceAddress,
          `The source address is ${quote(withoutSecrets(uri))}.`,
          `Write it as in ${quote(form?.example)}.`,
        ),
      ];
}

function checkServer({ type, uri, endpoint, allowPrivate }: Download, server: Destination): Violation[] {
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
  if (isLinkLocal(server)) {
    found.push(
      violation(
        RULES.sourceHost,
        `The source is at ${quote(withoutSecrets(address))}, a link-local address.`,
        'Name another server.',
      ),
    );
  } else if (address.toLowerCase().startsWith('http:') && !(allowPrivate ?? isPrivate(server))) {
    found.push(
      violation(
        RULES.sourceHost,
        `The ${type} source is read from ${quote(withoutSecrets(address))} without encryption.`,
        'Write https://, or allowPrivate: true if the server is inside your own network.',
      ),
    );
  }
  return found;
}

function checkArchive({ archiveMember, archiveSha256 }: Download): Violation[] {
  const found: Violation[] = [];
  if (archiveMember !== undefined && !isRelativePath(archiveMember)) {
    found.push(
      violation(
        RULES.sourceArchive,
        `archiveMember is ${quote(archiveMember)}.`,
        "Write the path as the archive lists it, as in 'iris/model.onnx'.",
      ),
    );
  }
  if (archiveSha256 !== undefined) {
    if (archiveMember === undefined) {
      found.push(
        violation(
          RULES.sourceArchive,
          'archiveSha256 is set, and archiveMember is not.',
          'Name the model file inside the archive, or remove archiveSha256.',
        ),
      );
    }
    found.push(...checkSha256('archiveSha256', archiveSha256));
  }
  return found;
}

function checkLimits({ maxSize, timeout }: Download): Violation[] {
  const found: Violation[] = [];
  if (maxSize !== undefined && !(bytesOf(maxSize) > 0)) {
    found.push(violation(RULES.sourceLimits, `maxSize is ${maxSize.asString()}.`, 'Write a size larger than zero.'));
  }
  if (timeout !== undefined && !(millisOf(timeout) >= 1 && millisOf(timeout) <= MAX_MILLIS)) {
    found.push(
      violation(
        RULES.sourceLimits,
        `timeout is ${timeout.toHumanString()}.`,
        'Write a duration such as Duration.minutes(5).',
      ),
    );
  }
  return found;
}

function checkNames({ region, redirectHosts }: Download): Violation[] {
  const found: Violation[] = [];
  if (region !== undefined && !/^[A-Za-z0-9-]+$/.test(region)) {
    found.push(violation(RULES.sourceName, `region is ${quote(region)}.`, "Write it as in 'eu-central-1'."));
  }
  for (const host of redirectHosts ?? []) {
    if (!URL.canParse(`https://${host}`) || new URL(`https://${host}`).hostname !== host) {
      found.push(
        violation(
          RULES.sourceName,
          `redirectHosts has ${quote(host)}.`,
          "Write the host alone, as in 'cdn.example.com'.",
        ),
      );
    }
  }
  return found;
}

/** Whether a path stays below the directory that it starts in. */
export function isRelativePath(path: string): boolean {
  return (
    path !== '' &&
    !posix.isAbsolute(path) &&
    posix.normalize(path) === path &&
    !/^\.\.?(\/|$)/.test(path) &&
    !path.endsWith('/')
  );
}

function isEndpoint(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) {
    return false;
  }
  const url = new URL(endpoint);
  return isWeb(url) && url.hostname !== '' && url.username === '' && url.search === '' && url.hash === '';
}

/** Whether each % is followed by two hexadecimal digits of UTF-8. */
function isDecodable({ pathname }: URL): boolean {
  try {
    decodeURIComponent(pathname);
    return true;
  } catch {
    return false;
  }
}

function isWeb({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:';
}
