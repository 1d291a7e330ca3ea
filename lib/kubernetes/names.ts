import { createHash } from 'node:crypto';
import type { IConstruct } from 'constructs';

/** Longest name of an object before suffixes (pods add 17 characters, ConfigMaps 16, and 63 is the limit). */
const MAX_NAME_LENGTH = 45;

const HASH_LENGTH = 8;

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/**
 * Name of the objects of one construct: readable parts, then a hash of the construct's path.
 *
 * It is a DNS label that starts with a letter, so it also fits a Service, and it is unique in an app: two constructs
 * with the same parts differ in their paths.
 */
export function objectName(construct: IConstruct, ...parts: string[]): string {
  const readable = sanitize(parts.join('-')).slice(0, MAX_NAME_LENGTH - HASH_LENGTH - 1);
  const hash = construct.node.addr.slice(-HASH_LENGTH);
  return readable === '' ? `m-${hash}` : `${readable.replace(/-+$/, '')}-${hash}`;
}

/** Name of an object whose content never changes: other content, other name. */
export function contentName(base: string, role: string, content: string | Buffer): string {
  return `${base}-${role}-${createHash('sha256').update(content).digest('hex').slice(0, HASH_LENGTH)}`;
}

/** A text as the value of a label: what does not fit is replaced or cut. */
export function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}

/** Whether a text is a DNS label (RFC 1123): a namespace, a port name. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && DNS_LABEL.test(text);
}

/** Whether a text names the objects of a construct: a DNS label that starts with a letter, with room for suffixes. */
export function isObjectName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && DNS_LABEL.test(text) && /^[a-z]/.test(text);
}

/** Whether a text is a DNS subdomain: the name of most Kubernetes objects. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && DNS_SUBDOMAIN.test(text);
}

/** Whether a text is a name, optionally behind a domain and a slash: a label key, an extended resource. */
export function isQualifiedName(text: string): boolean {
  const [name = '', domain, ...rest] = text.split('/').reverse();
  return (
    rest.length === 0 &&
    name.length <= 63 &&
    QUALIFIED_NAME.test(name) &&
    (domain === undefined || isDnsSubdomain(domain))
  );
}

/** Whether a text is the value of a label. */
export function isLabelValue(text: string): boolean {
  return text === '' || (text.length <= 63 && QUALIFIED_NAME.test(text));
}

function sanitize(text: string): string {
  const dashed = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return /^[0-9]/.test(dashed) ? `m-${dashed}` : dashed;
}
