import { type Destination, destinationOf, isLinkLocal, isPrivate } from './destination';
import type { Rule } from './rules';
import { quote, type Violation, violation } from './violation';

/** The server of an http:// or https:// address; any server outside the cluster when the text is no address. */
export function webServer(address: string): Destination {
  return URL.canParse(address) ? destinationOf(new URL(address)) : { kind: 'external', port: 443 };
}

/**
 * Checks an address that the runtime connects to: encrypted outside the cluster, without credentials, never link-local.
 *
 * @param rule rule that says so
 * @param prop where it is declared, for the message
 * @param example an address that holds the rule
 */
export function checkWebAddress(rule: Rule, prop: string, address: string, example: string): Violation[] {
  return isAllowed(address)
    ? []
    : [violation(rule, `${prop} is ${quote(withoutSecrets(address))}.`, `Write it as in ${quote(example)}.`)];
}

function isAllowed(address: string): boolean {
  if (!URL.canParse(address)) {
    return false;
  }
  const { protocol, hostname, username, password, hash } = new URL(address);
  const server = webServer(address);
  const plain = hostname !== '' && username === '' && password === '' && hash === '' && !isLinkLocal(server);
  return plain && (protocol === 'https:' || (protocol === 'http:' && isPrivate(server)));
}

/** An address as it may be printed: without a password, and without a query, which may hold a signature. */
export function withoutSecrets(address: string): string {
  return address.replace(/\/\/[^/@]*@/, '//…@').replace(/\?.*$/, '?…');
}
