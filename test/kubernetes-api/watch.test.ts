import { CONFIG_MAPS, type ConfigMapObject, KubernetesApi, type WatchTimes } from '../../runtime/src/kubernetes-api';
import { type FaultyApi, startFaultyApi } from '../support/api-faults';
import { eventually } from '../support/eventually';

const TIMES: WatchTimes = { answerMillis: 30_000, patienceMillis: 1000, firstDelayMillis: 1, maxDelayMillis: 20 };

let faulty: FaultyApi;
let stop: AbortController;
let seen: (string | undefined)[];
let states: string[];
let ended: Promise<void>;

const isWatch = (line: string) => line.includes('watch=true');
const isList = (line: string) => line.includes('fieldSelector') && !isWatch(line);
const listed = () => faulty.requests.filter(isList).length;
const watched = () => faulty.requests.filter(isWatch).length;

function put(value: string): void {
  faulty.server.apply({ kind: 'ConfigMap', metadata: { name: 'iris' }, data: { value } });
}

const sees = (value: string | undefined) => eventually(`sees ${value}`, () => seen.length > 0 && seen.at(-1) === value);

function start(times = TIMES): void {
  ended = KubernetesApi.at(faulty.url).watch<ConfigMapObject>(CONFIG_MAPS, 'iris', {
    signal: stop.signal,
    onObject: (object) => seen.push(object?.data?.value),
    onState: (connected, error) => states.push(connected ? 'connected' : (error?.message ?? '')),
    times,
  });
}

beforeEach(async () => {
  faulty = await startFaultyApi();
  stop = new AbortController();
  seen = [];
  states = [];
});

afterEach(async () => {
  stop.abort();
  await ended;
  await faulty.close();
});

it('tells of an object from before it exists until after it is gone', async () => {
  start();
  await sees(undefined);
  put('1');
  await sees('1');
  faulty.server.apply({ kind: 'ConfigMap', metadata: { name: 'other' }, data: { value: 'of another' } });
  put('2');
  await sees('2');
  await fetch(`${faulty.server.url}/api/v1/namespaces/default/configmaps/iris`, { method: 'DELETE' });
  await sees(undefined);
  expect(seen).toEqual([undefined, '1', '2', undefined]);
  expect(states).toEqual(['connected']);
});

it('resumes a watch that breaks off, and misses nothing', async () => {
  put('1');
  start();
  await eventually('watches', () => states.length === 1);
  for (let value = 2; value < 10; value += 1) {
    faulty.dropWatches();
    put(String(value));
    await sees(String(value));
  }
  expect(seen).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
  expect(listed()).toBe(1);
});

it('lists again when the API has forgotten where the watch was', async () => {
  put('1');
  start();
  await eventually('watches', () => states.length === 1);
  faulty.break();
  put('2');
  put('3');
  faulty.server.compact();
  faulty.mend();
  await sees('3');
  expect(listed()).toBe(2);
  put('4');
  await sees('4');
});

it('lists again when the API refuses the watch with 410', async () => {
  put('1');
  faulty.failNext(1, 410, isWatch);
  start();
  await eventually('watches', () => states.includes('connected'));
  expect(listed()).toBe(2);
  expect(states).toEqual(['connected']);
});

it('goes on through failures of every kind, and tells of them', async () => {
  put('1');
  faulty.failNext(2, 500, isList);
  faulty.failNext(1, 403, isWatch);
  faulty.loseAnswers(1, isWatch);
  start();
  await eventually('watches', () => states.at(-1) === 'connected');
  expect(states.slice(0, 3)).toEqual([
    expect.stringContaining(': 500 injected'),
    expect.stringContaining(': 500 injected'),
    expect.stringContaining(': 403 injected'),
  ]);
  put('2');
  await sees('2');
});

it('begins anew when an answer takes longer than it was asked to', async () => {
  start({ ...TIMES, answerMillis: 1, patienceMillis: 200 });
  faulty.latencyMillis = 60_000;
  await eventually('gives up', () => states.some((state) => state.includes('no answer within')));
  faulty.latencyMillis = 0;
  put('1');
  await sees('1');
});

it('follows answers that the API ends', async () => {
  put('1');
  start({ ...TIMES, answerMillis: 1 });
  await eventually('several answers', () => watched() >= 3);
  expect(listed()).toBe(1);
  expect(states.every((state) => state === 'connected')).toBe(true);
});

it('leaves a while between attempts', async () => {
  faulty.break();
  start({ ...TIMES, firstDelayMillis: 5, maxDelayMillis: 5 });
  await eventually('some attempts', () => states.length >= 5);
  faulty.mend();
  put('1');
  await sees('1');
});

it('outlives a listener that throws', async () => {
  let calls = 0;
  ended = KubernetesApi.at(faulty.url).watch<ConfigMapObject>(CONFIG_MAPS, 'iris', {
    signal: stop.signal,
    onObject: (object) => {
      calls += 1;
      if (calls === 1) {
        throw new Error('the listener fails');
      }
      seen.push(object?.data?.value);
    },
    onState: (_, error) => states.push(error?.message ?? 'connected'),
    times: TIMES,
  });
  put('1');
  await sees('1');
  expect(states[0]).toBe('the listener fails');
});
