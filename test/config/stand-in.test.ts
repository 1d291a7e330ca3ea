import { serviceHost } from '../../runtime/src/config';
import type { Sandbox } from '../../runtime/src/config/sandbox';
import { standInAddress, standInUrl } from '../../runtime/src/config/stand-in';

const sandbox: Sandbox = {
  root: '/tmp/root',
  host: '127.0.0.1',
  ports: {},
  namespace: 'ml',
  servers: {
    'redis.ml:6379': '127.0.0.1:16379',
    'events.monitoring': 'localhost:9000',
    'keys.example.com': '[::1]:81',
  },
};

test.each([
  ['redis', 'redis.ml'],
  ['redis.ml', 'redis.ml'],
  ['Redis.ml.svc', 'redis.ml'],
  ['redis.ml.svc.cluster.local', 'redis.ml'],
  ['redis.ml.svc.cluster.local.', 'redis.ml'],
  ['redis.example.com', 'redis.example.com'],
  ['localhost', 'localhost'],
  ['[::1]', '[::1]'],
])('%s in the namespace ml is %s', (host, expected) => {
  expect(serviceHost(host, 'ml')).toBe(expected);
});

test.each([
  ['redis:6379', '127.0.0.1:16379'],
  ['redis.ml.svc:6379', '127.0.0.1:16379'],
  ['redis:6380', 'redis:6380'],
  ['redis.other:6379', 'redis.other:6379'],
  ['events.monitoring:1', 'localhost:9000'],
  ['[fd00::1]:6379', '[fd00::1]:6379'],
])('the address %s becomes %s', (address, expected) => {
  expect(standInAddress(address, sandbox)).toBe(expected);
});

test.each([
  ['http://events.monitoring/x?a=b', 'http://localhost:9000/x?a=b'],
  ['https://keys.example.com:8443/jwks.json', 'https://[::1]:81/jwks.json'],
  ['https://other.example.com/', 'https://other.example.com/'],
  ['s3://events.monitoring/key', 's3://events.monitoring/key'],
  ['no address', 'no address'],
])('the web address %s becomes %s', (url, expected) => {
  expect(standInUrl(url, sandbox)).toBe(expected);
});

test('without stand-ins nothing changes', () => {
  expect(standInAddress('redis:6379', { root: '/tmp', host: '127.0.0.1', ports: {} })).toBe('redis:6379');
});
