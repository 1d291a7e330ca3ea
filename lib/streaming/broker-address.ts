import {
  type Destination,
  destinationOf,
  HOST_AND_PORT,
  isLinkLocal,
  isPrivate,
  quote,
  RULES,
  type Violation,
  violation,
  withoutSecrets,
} from '../kubernetes';

/** How addresses of a kind of broker are written. */
export interface AddressForm {
  /** What stands before host and port. Absent = nothing. */
  readonly schemes?: string[];

  /** An address as it should be, for messages. */
  readonly example: string;

  /** Port of a server whose address cannot be read. */
  readonly port: number;
}

/** Addresses of one list, with commas between them. */
export function addressesOf(list: string): string[] {
  return list.split(',').map((address) => address.trim());
}

/** Addresses without their scheme, in lower case: equal ones are the same server. */
export function serversOf(list: string): string[] {
  return addressesOf(list).map((address) => hostAndPort(address).toLowerCase());
}

/** Servers as network policies know them; any server outside the cluster for an address that is none. */
export function brokerDestinations(list: string, { port }: AddressForm): Destination[] {
  return serversOf(list).map((server) => {
    const url = `broker://${server}`;
    return HOST_AND_PORT.test(server) && URL.canParse(url)
      ? destinationOf(new URL(url))
      : { kind: 'external' as const, port };
  });
}

/**
 * Checks a list of addresses, and that what leaves the cluster is encrypted.
 *
 * @param prop where it is declared, for the message
 */
export function checkBrokers(prop: string, list: string, form: AddressForm, isEncrypted: boolean): Violation[] {
  const shown = quote(withoutSecrets(list).replace(/[^,/@]*@/g, '…@'));
  const destinations = brokerDestinations(list, form);
  const wrong = !addressesOf(list).every((address) => isAddress(address, form)) || destinations.some(isLinkLocal);
  if (wrong) {
    return [violation(RULES.brokerAddress, `${prop} is ${shown}.`, `Write it as in ${quote(form.example)}.`)];
  }
  return isEncrypted || destinations.every(isPrivate)
    ? []
    : [
        violation(
          RULES.brokerTls,
          `${prop} is ${shown}, outside the cluster, and tls is not set.`,
          'Write tls: {}, or tls: { ca: MountedFile.fromConfigMap(…) } for an authority of your own.',
        ),
      ];
}

function isAddress(address: string, { schemes }: AddressForm): boolean {
  const [, port] = HOST_AND_PORT.exec(hostAndPort(address))?.slice(1) ?? [];
  const scheme = address.slice(0, address.length - hostAndPort(address).length);
  const known = schemes === undefined ? scheme === '' : schemes.includes(scheme);
  return known && port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

function hostAndPort(address: string): string {
  return address.replace(/^[a-z]+:\/\//i, '');
}
