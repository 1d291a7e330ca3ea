import { objectsOf } from '../../runtime/src/local/objects';
import { serversFor, withoutStandIns } from '../../runtime/src/local/stand-ins';
import { deployment, type KubernetesObject, service } from '../support/workload';

const objects: KubernetesObject[] = [
  deployment('model'),
  service('model', [{ name: 'http', port: 80 }]),
  // An image that cannot be run as a process: it is not looked at.
  deployment('redis', { containers: [{ name: 'redis', image: 'redis:7' }] }),
  service('redis', [{ port: 6379 }]),
];

const namesOf = (standIns: Record<string, string>) => {
  const { deployments, services } = withoutStandIns(objectsOf(objects), standIns);
  return [...deployments, ...services].map(({ name }) => name);
};

test.each(['redis', 'redis.ml', 'redis.ml.svc', 'Redis.ml.svc.cluster.local', 'redis:6379'])(
  'a server in place of %s: its pods and its Service are not run',
  (name) => {
    expect(namesOf({ [name]: '127.0.0.1:6379' })).toEqual(['model', 'model']);
  },
);

test.each(['redis.other', 'redi', 'redis.example.com'])('a server in place of %s leaves all as it is', (name) => {
  expect(namesOf({ [name]: '127.0.0.1:6379' })).toEqual(['model', 'redis', 'model', 'redis']);
});

test('a Service without labels to select by has no pods', () => {
  const all = [...objects, service('redis-master', [{ port: 6379 }], { selector: {} })];
  const { deployments } = withoutStandIns(objectsOf(all), { 'redis-master': '127.0.0.1:6379' });
  expect(deployments).toHaveLength(2);
});

test('a name without a namespace means the Service of the pod’s own', () => {
  expect(serversFor('ml', { redis: 'a:1', 'events.monitoring:8080': 'b:2' })).toEqual({
    'redis.ml': 'a:1',
    'events.monitoring:8080': 'b:2',
  });
});
