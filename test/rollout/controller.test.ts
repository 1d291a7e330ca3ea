import { ROLLOUT_KEYS } from '../../lib/contract';
import { rolloutConfig } from './support';
import { Process, runUntil, World } from './world';

const ENDED = ['Promoted', 'RolledBack', 'Paused'];
const realFetch = globalThis.fetch;

afterEach(() => {
  globalThis.fetch = realFetch;
});

function world(changes: Parameters<typeof rolloutConfig>[0] = {}): World {
  const made = new World(rolloutConfig(changes));
  globalThis.fetch = made.fetch as typeof fetch;
  return made;
}

describe('a controller with proxies and agents', () => {
  it('promotes a good candidate, and the proxies keep it without a controller', async () => {
    const cluster = world();
    const process = new Process(cluster);
    await runUntil(cluster, [process], () => cluster.state?.phase === 'Promoted');
    cluster.pass(600_000);
    expect(cluster.pods.map(({ agent }) => agent.shares(cluster.now).candidateWeight)).toEqual([10_000, 10_000]);
    const kinds = process.told.map(({ kind }) => kind).filter((kind) => kind !== 'verdict' && kind !== 'missing-data');
    expect(kinds).toEqual(['started', 'phase', 'step', 'step', 'promoting', 'promoted']);
  });

  it('rolls a bad candidate back, in its first step', async () => {
    const cluster = world();
    cluster.candidateErrors = 0.3;
    const process = new Process(cluster);
    await runUntil(cluster, [process], () => cluster.state?.phase === 'RolledBack');
    expect(cluster.mostWeight).toBe(1000);
    expect(cluster.decisions.find(({ kind }) => kind === 'aborting')).toMatchObject({
      evidence: { errors: { outcome: 'fail' } },
    });
  });

  it('writes exact counts of the requests that came while the split was served', async () => {
    const cluster = world();
    await runUntil(cluster, [new Process(cluster)], () => cluster.state?.phase === 'Promoted');
    const [first] = cluster.state?.counts ?? [];
    const { stable, candidate } = first;
    // Two proxies with 50 requests a second each, for as long as was observed.
    const step = cluster.decisions.filter(({ kind }) => kind === 'step');
    const seconds = (Date.parse(step[1].time) - Date.parse(step[0].time)) / 1000;
    expect(stable.answered + candidate.answered).toBeGreaterThan(0);
    expect((stable.answered + candidate.answered) % 100).toBe(0);
    expect(stable.answered + candidate.answered).toBeLessThanOrEqual(seconds * 100);
    expect(stable).toMatchObject({ unanswered: 0, started: stable.answered });
  });

  it('aborts at the proxies when the API takes no writes, and the next controller knows it', async () => {
    const cluster = world();
    const process = new Process(cluster);
    await runUntil(cluster, [process], () => cluster.state?.step === 0);
    await runUntil(cluster, [process], () => (cluster.state?.clock.observed ?? 0) > 0);
    cluster.candidateErrors = 1;
    cluster.pass(10_000);
    cluster.nextFault = (what) => (what === 'replace configmaps' ? 'error' : undefined);
    await process.turn();
    expect(cluster.state?.phase).toBe('Progressing');
    expect(cluster.pods.map(({ agent }) => agent.shares(cluster.now))).toMatchObject([
      { candidateWeight: 0, source: 'abort' },
      { candidateWeight: 0, source: 'abort' },
    ]);
    process.budget = -1;
    cluster.nextFault = () => undefined;
    await runUntil(cluster, [new Process(cluster)], () => cluster.state?.phase === 'RolledBack');
  });

  it('does not wait for a slow API to see harm, and hears people all the same', async () => {
    const cluster = world();
    const process = new Process(cluster);
    await runUntil(cluster, [process], () => (cluster.state?.clock.observed ?? 0) > 0);
    cluster.readMillis = 2000;
    cluster.annotate('pause', 'lunch');
    await process.turn();
    expect(cluster.state?.phase).toBe('Paused');
    cluster.annotate('resume', 'coffee');
    await process.turn();
    cluster.candidateErrors = 1;
    cluster.pass(10_000);
    cluster.waitedMillis = 0;
    await process.turn();
    expect(cluster.pods.map(({ agent }) => agent.shares(cluster.now).candidateWeight)).toEqual([0, 0]);
    expect(cluster.waitedMillis).toBeLessThan(1000);
  });

  it('answers what people ask for once, removes the annotation, and says who asked', async () => {
    const cluster = world();
    const process = new Process(cluster);
    await runUntil(cluster, [process], () => cluster.state?.step === 0);
    cluster.annotate('pause', 'lunch');
    await process.turn();
    expect(cluster.state).toMatchObject({ phase: 'Paused', reason: 'paused by kubectl: lunch' });
    expect(cluster.configMap.metadata.annotations).toEqual({});
    cluster.annotate('resume', JSON.stringify({ id: '1', by: 'ada', why: 'back' }));
    await process.turn();
    expect(cluster.state).toMatchObject({ phase: 'Progressing', reason: 'resumed by ada: back' });
    expect(cluster.decisions.at(-1)).toMatchObject({ command: '1' });
  });

  it('keeps data and annotations of others', async () => {
    const cluster = world();
    cluster.configMap.metadata.annotations = { 'example.com/owner': 'ml' };
    cluster.configMap.data = { notes: 'keep' };
    await runUntil(cluster, [new Process(cluster)], () => cluster.state?.step === 0);
    expect(cluster.configMap.data?.notes).toBe('keep');
    expect(cluster.configMap.metadata.annotations).toEqual({ 'example.com/owner': 'ml' });
  });

  it('pauses when a proxy cannot be scraped, and does not count its silence as success', async () => {
    const cluster = world();
    const process = new Process(cluster);
    await runUntil(cluster, [process], () => cluster.state?.step === 0);
    cluster.pods[1].isScraped = false;
    await runUntil(cluster, [process], () => cluster.state?.phase === 'Paused');
    expect(cluster.state).toMatchObject({ pausedFor: 'missing-data', step: 0 });
    expect(cluster.state?.reason).toContain('10.0.0.2:8082');
  });

  it('waits for every proxy before it counts', async () => {
    const cluster = world();
    const process = new Process(cluster);
    await runUntil(cluster, [process], () => cluster.state?.phase === 'Warming');
    cluster.pods[1].isInformed = false;
    for (let turn = 0; turn < 5; turn += 1) {
      await process.turn();
      cluster.pass(5000);
    }
    expect(cluster.state).toMatchObject({ phase: 'Progressing', clock: { observed: 0 } });
    expect(cluster.state?.counts[0].stable.answered).toBe(0);
  });

  it('continues where a former controller stopped, and does not count the time between', async () => {
    const cluster = world();
    const first = new Process(cluster);
    await runUntil(cluster, [first], () => (cluster.state?.clock.observed ?? 0) >= 10_000);
    const before = cluster.state;
    first.budget = -1;
    cluster.pass(20_000);
    const second = new Process(cluster);
    await runUntil(cluster, [second], () => cluster.state?.holder?.identity !== before?.holder?.identity);
    expect(cluster.state?.counts).toEqual(before?.counts);
    expect(cluster.state?.clock.observed).toBe(before?.clock.observed);
    await runUntil(cluster, [second], () => cluster.state?.phase === 'Promoted');
  });

  it('returns to the stable version when the state is garbage', async () => {
    const cluster = world();
    await runUntil(cluster, [new Process(cluster)], () => cluster.state?.step === 1);
    const revision = cluster.state?.revision ?? 0;
    cluster.configMap.data = { ...cluster.configMap.data, [ROLLOUT_KEYS.state]: '{"phase":' };
    cluster.pass(30_000);
    const next = new Process(cluster);
    await runUntil(cluster, [next], () => cluster.state !== undefined);
    expect(cluster.state?.revision).toBeGreaterThan(revision);
    expect(cluster.plannedWeight).toBe(0);
    expect(next.told[0]).toMatchObject({ kind: 'started' });
    await runUntil(cluster, [next], () => ENDED.includes(cluster.state?.phase ?? ''));
    expect(cluster.state?.phase).toBe('Promoted');
  });
});

describe('several controllers', () => {
  it('lets one lead, and another when that one is gone', async () => {
    const cluster = world();
    const processes = [new Process(cluster), new Process(cluster)];
    await runUntil(cluster, processes, () => cluster.state?.step === 0);
    expect(processes.map(({ leadership }) => leadership.holder !== undefined)).toEqual([true, false]);
    processes[0].budget = -1;
    await runUntil(cluster, processes, () => cluster.state?.phase === 'Promoted');
    expect(processes[1].leadership.holder).toBeDefined();
  });

  it('lets another lead at once when one is stopped', async () => {
    const cluster = world();
    const [first, second] = [new Process(cluster), new Process(cluster)];
    await runUntil(cluster, [first, second], () => cluster.state?.step === 0);
    await first.leadership.release();
    await second.turn();
    expect(second.leadership.holder).toMatchObject({ term: 2 });
  });

  it('stops one that does not know that it was replaced, before it writes anything', async () => {
    const cluster = world();
    const [old, young] = [new Process(cluster), new Process(cluster)];
    await runUntil(cluster, [old], () => cluster.state?.step === 0);
    // Its clock stands still: it believes that its lease is good.
    const stopped = cluster.now;
    Object.defineProperty(old.leadership, 'options', {
      value: {
        ...(old.leadership as unknown as { options: object }).options,
        clock: { monotonic: () => stopped, date: () => new Date(0) },
      },
    });
    await young.turn();
    cluster.pass(30_000);
    await runUntil(cluster, [young], () => cluster.state?.holder?.term === 2);
    const { heartbeat } = cluster.configMap.data ?? {};
    expect(old.leadership.holder).toBeDefined();
    expect(await old.controller.look(new AbortController().signal)).toBe('not-leading');
    expect(cluster.configMap.data?.heartbeat).toBe(heartbeat);
    expect(old.leadership.holder).toBeUndefined();
  });
});
