import { posix } from 'node:path';
import { bytesOf, millisOf, quote, RULES, type Violation, violation, withoutSecrets } from '../kubernetes';
import { checkSha256 } from './digest';
import type { Download } from './download';
import { checkStore } from './object-store';

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

/** Checks a download as it is declared. */
export function checkDownload(input: Download): Violation[] {
  return [
    ...checkSha256('sha256', input.sha256),
    ...checkAddress(input),
    ...checkStore('source', input),
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

function checkNames({ redirectHosts }: Download): Violation[] {
  const found: Violation[] = [];
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
