import { type Destination, destinationOf, isLinkLocal, isPrivate } from '../../lib/kubernetes';

const service = (namespace?: string): Destination => (namespace ? { kind: 'service', namespace } : { kind: 'service' });
const external = (port: number): Destination => ({ kind: 'external', port });
const address = (host: string, port: number): Destination => ({ kind: 'address', address: host, port });

test.each<[string, Destination]>([
  ['http://minio', service()],
  ['http://minio:9000', service()],
  ['https://minio.storage.svc', service('storage')],
  ['https://minio.storage.svc.', service('storage')],
  ['https://minio.storage.svc.cluster.local:9000', service('storage')],
  ['https://minio-0.minio.storage.svc.cluster.local', service('storage')],
  ['https://minio.storage.svc.example.com', external(443)],
  // The short form of a Service could be a public host.
  ['http://minio.storage', service('storage')],
  ['https://minio.storage:9000', service('storage')],
  ['https://minio.ml-serving', service('ml-serving')],
  ['https://huggingface.co', external(443)],
  ['https://example.com', external(443)],
  ['http://example.com:9000', external(9000)],
  ['https://s3.eu-central-1.amazonaws.com', external(443)],
  ['http://s3.example.com', external(80)],
  ['https://s3.example.com:9000', external(9000)],
  ['http://10.0.0.1', address('10.0.0.1', 80)],
  ['https://[fd00::1]:9000', address('fd00::1', 9000)],
  ['http://localhost:9000', address('127.0.0.1', 9000)],
])('%s', (url, expected) => {
  expect(destinationOf(new URL(url))).toEqual(expected);
});

test.each<[string, boolean]>([
  ['10.0.0.1', true],
  ['127.0.0.1', true],
  ['172.16.0.1', true],
  ['172.31.255.1', true],
  ['172.32.0.1', false],
  ['192.168.1.1', true],
  ['100.64.0.1', true],
  ['100.128.0.1', false],
  ['8.8.8.8', false],
  ['::1', true],
  ['fd12::1', true],
  ['2001:db8::1', false],
])('%s is private: %s', (host, expected) => {
  expect(isPrivate(address(host, 443))).toBe(expected);
});

test('Services are private, external hosts are not', () => {
  expect([isPrivate(service()), isPrivate(service('a')), isPrivate(external(443))]).toEqual([true, true, false]);
});

test.each<[string, boolean]>([
  ['169.254.169.254', true],
  ['fe80::1', true],
  ['febf::1', true],
  ['fec0::1', false],
  ['::ffff:a9fe:a9fe', true],
  ['10.0.0.1', false],
])('%s is link-local: %s', (host, expected) => {
  expect(isLinkLocal(address(host, 80))).toBe(expected);
});
