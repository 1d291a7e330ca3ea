import {
  type ApiError,
  CONFIG_MAPS,
  type ConfigMapObject,
  EVENTS,
  KubernetesApi,
  LEASES,
} from '../../runtime/src/kubernetes-api';
import { type FaultyApi, startFaultyApi } from '../support/api-faults';

let faulty: FaultyApi;
let api: KubernetesApi;

beforeEach(async () => {
  faulty = await startFaultyApi('ml');
  api = KubernetesApi.at(faulty.url, { namespace: 'ml' });
});
afterEach(() => faulty.close());

const map = (data: Record<string, string>): ConfigMapObject => ({ metadata: { name: 'iris' }, data });

/** What a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<ApiError> {
  return promise.then(
    () => Promise.reject(new Error('did not reject')),
    (error: ApiError) => error,
  );
}

describe('objects', () => {
  it('are made, got, replaced and changed in part', async () => {
    const created = await api.create(CONFIG_MAPS, map({ a: '1' }));
    expect(created).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'iris', namespace: 'ml', uid: expect.any(String) },
    });
    const replaced = await api.replace(CONFIG_MAPS, { ...created, data: { b: '2' } });
    expect(Number(replaced.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
    const patch = { metadata: { annotations: { 'model-serving/abort': 'why' } }, data: { b: null, c: '3' } };
    expect(await api.merge<ConfigMapObject>(CONFIG_MAPS, 'iris', patch)).toMatchObject({
      metadata: { annotations: { 'model-serving/abort': 'why' } },
      data: { c: '3' },
    });
    const got = await api.get<ConfigMapObject>(CONFIG_MAPS, 'iris');
    expect(got.data).toEqual({ c: '3' });
    await api.create(LEASES, { metadata: { name: 'iris' }, spec: { holderIdentity: 'me' } });
    expect(await api.get(LEASES, 'iris')).toMatchObject({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' });
    const event = { metadata: { name: '', generateName: 'iris.' } };
    expect((await api.create(EVENTS, event)).metadata.name).toMatch(/^iris\../);
  });

  it('keep their version when nothing changes', async () => {
    const created = await api.create(CONFIG_MAPS, map({ a: '1' }));
    const again = await api.merge(CONFIG_MAPS, 'iris', { data: { a: '1' } });
    expect(again.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
  });
});

describe('what fails is an ApiError with status and reason', () => {
  it('an object that is not there', async () => {
    expect(await failure(api.get(CONFIG_MAPS, 'none'))).toMatchObject({
      status: 404,
      reason: 'NotFound',
      message: 'GET /api/v1/namespaces/ml/configmaps/none: 404 configmaps "none" not found',
    });
  });

  it('a precondition that does not hold, and nothing is changed', async () => {
    const first = await api.create(CONFIG_MAPS, map({ a: '1' }));
    await api.replace(CONFIG_MAPS, { ...first, data: { a: '2' } });
    expect(await failure(api.replace(CONFIG_MAPS, { ...first, data: { a: '3' } }))).toMatchObject({
      status: 409,
      reason: 'Conflict',
    });
    expect((await api.get<ConfigMapObject>(CONFIG_MAPS, 'iris')).data).toEqual({ a: '2' });
  });

  it('an object that is there already', async () => {
    await api.create(CONFIG_MAPS, map({}));
    expect(await failure(api.create(CONFIG_MAPS, map({})))).toMatchObject({ status: 409, reason: 'AlreadyExists' });
  });

  it('a server that fails', async () => {
    faulty.failNext(1, 500);
    expect(await failure(api.get(CONFIG_MAPS, 'iris'))).toMatchObject({ status: 500, reason: 'Injected500' });
  });

  it('a time-out', async () => {
    faulty.latencyMillis = 60_000;
    expect(await failure(api.get(CONFIG_MAPS, 'iris', { timeoutMillis: 50 }))).toMatchObject({
      status: 0,
      reason: 'Timeout',
    });
  });

  it('no connection, and a lost answer of a write', async () => {
    await api.create(CONFIG_MAPS, map({}));
    faulty.loseAnswers(1);
    expect(await failure(api.merge(CONFIG_MAPS, 'iris', { data: { a: '1' } }))).toMatchObject({
      status: 0,
      reason: 'Unreachable',
    });
    // It was done all the same: only the caller can find out.
    expect((await api.get<ConfigMapObject>(CONFIG_MAPS, 'iris')).data).toEqual({ a: '1' });
    faulty.break();
    expect(await failure(api.get(CONFIG_MAPS, 'iris'))).toMatchObject({ status: 0, reason: 'Unreachable' });
  });

  it('but the end that the caller asks for is its own reason', async () => {
    faulty.latencyMillis = 60_000;
    const reason = new Error('enough');
    expect(await failure(api.get(CONFIG_MAPS, 'iris', { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const later = new AbortController();
    const ended = failure(api.get(CONFIG_MAPS, 'iris', { signal: later.signal }));
    later.abort(reason);
    expect(await ended).toBe(reason);
  });
});

it('a read over a kept connection that the server has closed is tried again', async () => {
  await api.create(CONFIG_MAPS, map({ a: '1' }));
  await api.get(CONFIG_MAPS, 'iris');
  faulty.loseAnswers(1);
  expect((await api.get<ConfigMapObject>(CONFIG_MAPS, 'iris')).data).toEqual({ a: '1' });
});
