import * as z from 'zod';
import type { ModelSourceConfig } from '../contract';
import { absolutePath, archivePath, milliseconds, rule, sha256, wholeNumber } from './values';

/** Kinds of source that the `fetch` role can download from. */
const SOURCE_TYPES = ['s3', 'gcs', 'azure-blob', 'https'] as const;

/** One of {@link SOURCE_TYPES}. */
type SourceType = (typeof SOURCE_TYPES)[number];

const httpUrl = (text: string) => /^https?:$/.test(protocolOf(text));

const fields = z
  .strictObject({
    type: rule(
      (type) => (SOURCE_TYPES as readonly string[]).includes(type),
      `is one of ${SOURCE_TYPES.join(', ')}`,
      'Any web server can be read as https.',
    ),
    uri: rule(
      (uri) => URL.canParse(uri) && new URL(uri).username === '' && new URL(uri).password === '',
      'is a full address without user name and password',
      'Give credentials as files, by credentialsPath.',
    ),
    endpoint: rule(
      httpUrl,
      'is an http:// or https:// address',
      'Write scheme and host, for example https://s3.example.',
    ).optional(),
    region: rule(
      (region) => /^[A-Za-z0-9-]+$/.test(region),
      'is the name of a region',
      'For example eu-central-1.',
    ).optional(),
    credentialsPath: absolutePath.optional(),
    archiveMember: archivePath.optional(),
    archiveSha256: sha256.optional(),
    maxBytes: wholeNumber(1, Number.MAX_SAFE_INTEGER),
    timeoutMillis: milliseconds,
    allowPrivate: z.boolean(),
    redirectHosts: z
      .array(
        rule(
          (host) => URL.canParse(`https://${host}`) && new URL(`https://${host}`).hostname === host,
          'is a host name alone',
          'For example cdn.example.',
        ),
      )
      .optional(),
  })
  .readonly();

/** The contract's {@link ModelSourceConfig}, with the rules that tie its fields together. */
export const sourceSchema = fields.superRefine((source, context) => {
  for (const { path, rule: message, fix } of violations(source)) {
    context.addIssue({ code: 'custom', path: [path], message, params: { fix } });
  }
});

function violations(source: ModelSourceConfig): { path: keyof ModelSourceConfig; rule: string; fix: string }[] {
  const found: ReturnType<typeof violations> = [];
  const form = ADDRESS_FORMS[source.type as SourceType];
  if (form !== undefined && URL.canParse(source.uri) && !form.holds(new URL(source.uri))) {
    found.push({
      path: 'uri',
      rule: `is ${form.text} for the type ${source.type}`,
      fix: 'Correct the address or the type.',
    });
  }
  for (const path of ['uri', 'endpoint'] as const) {
    if (protocolOf(source[path] ?? '') === 'http:' && !source.allowPrivate) {
      found.push({
        path,
        rule: 'is encrypted (https://) unless allowPrivate is true',
        fix: 'Use https://, or allow private addresses for a server inside the cluster.',
      });
    }
  }
  if (source.endpoint !== undefined && (source.type === 'https' || source.type === 'azure-blob')) {
    found.push({
      path: 'endpoint',
      rule: `is absent for the type ${source.type}`,
      fix: 'Write the whole address in uri.',
    });
  }
  if (source.redirectHosts !== undefined && source.type !== 'https') {
    found.push({
      path: 'redirectHosts',
      rule: 'goes with the type https',
      fix: 'Remove it; storage services do not redirect.',
    });
  }
  if (source.archiveSha256 !== undefined && source.archiveMember === undefined) {
    found.push({
      path: 'archiveSha256',
      rule: 'goes with archiveMember',
      fix: 'Name the model file inside the archive, or leave both.',
    });
  }
  return found;
}

const isWeb = ({ protocol }: URL) => protocol === 'https:' || protocol === 'http:';
const hasObject = ({ hostname, pathname }: URL) => hostname !== '' && pathname.length > 1;

const ADDRESS_FORMS: Record<SourceType, { text: string; holds: (uri: URL) => boolean }> = {
  s3: { text: 's3://bucket/key', holds: (uri) => uri.protocol === 's3:' && hasObject(uri) },
  gcs: { text: 'gs://bucket/object', holds: (uri) => uri.protocol === 'gs:' && hasObject(uri) },
  'azure-blob': {
    text: 'https://account.blob.core.windows.net/container/blob',
    holds: (uri) => isWeb(uri) && /^\/[^/]+\/.+/.test(uri.pathname),
  },
  https: { text: 'an https:// address', holds: isWeb },
};

function protocolOf(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol : '';
}
