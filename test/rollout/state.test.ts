import { ROLLOUT_KEYS } from '../../lib/contract';
import { requestsIn, withoutRequests } from '../../runtime/src/rollout/commands';
import { next } from '../../runtime/src/rollout/machine';
import { appendDecisions, type Decision, digestOf, readState } from '../../runtime/src/rollout/state';
import { look, rolloutConfig } from './support';

const decision: Decision = { time: 't', kind: 'verdict', message: 'x', phase: 'Progressing', step: 0, revision: 1 };

describe('the log of decisions', () => {
  it('keeps the newest 300', () => {
    const log = appendDecisions(
      '',
      Array.from({ length: 400 }, (_, step) => ({ ...decision, step })),
    );
    const lines = log.trimEnd().split('\n');
    expect(lines).toHaveLength(300);
    expect(JSON.parse(lines[0])).toMatchObject({ step: 100 });
  });

  it('stays below what a ConfigMap takes, and drops the evidence of an entry that is too large', () => {
    const evidence = (size: number) => ({
      e: { test: 'x'.repeat(size), outcome: 'pass', reason: '', alpha: 0.1 } as const,
    });
    const many = Array.from({ length: 300 }, () => ({ ...decision, evidence: evidence(20_000) }));
    expect(Buffer.byteLength(appendDecisions('', many))).toBeLessThan(500 * 1024);
    expect(appendDecisions('', [{ ...decision, evidence: evidence(600_000) }]).length).toBeLessThan(1000);
  });

  it('appends, and keeps lines that it does not understand', () => {
    expect(appendDecisions('garbage\n', [decision])).toBe(`garbage\n${JSON.stringify(decision)}\n`);
  });
});

describe('the state', () => {
  const { state } = next(rolloutConfig(), { revision: 0 }, look(0), 'now');

  it('is read as it was written', () => {
    expect(readState({ [ROLLOUT_KEYS.state]: JSON.stringify(state) })).toEqual({ state, revision: 1 });
  });

  it.each([
    ['{"revision": 7', 'state.json'],
    ['[]', 'expected object'],
    [JSON.stringify({ ...state, phase: 'Dancing' }), 'phase'],
    [JSON.stringify({ ...state, schema: 'v0' }), 'schema'],
    [JSON.stringify({ ...state, step: 'x' }), 'step'],
  ])('is a flaw when it is %s', (text, flaw) => {
    const read = readState({ [ROLLOUT_KEYS.state]: text, [ROLLOUT_KEYS.split]: '{"revision": 41}' });
    expect(read.state).toBeUndefined();
    expect(read.flaw).toContain(flaw);
    expect(read.revision).toBe(41);
  });

  it('has a digest of what decides, and of nothing else', () => {
    const digest = digestOf(rolloutConfig());
    const same = rolloutConfig({ intervalMillis: 1, notifications: [{ url: 'http://x' }], statusPage: true });
    expect(digestOf(same)).toBe(digest);
    expect(digestOf({ ...rolloutConfig(), maxStepMillis: 1 })).not.toBe(digest);
  });
});

describe('what people ask for by annotations', () => {
  const object = (annotations: Record<string, string>, managedFields?: unknown[]) => ({
    metadata: { name: 'iris', annotations, managedFields },
  });

  it('is a reason alone, or JSON with who asks', () => {
    const json = JSON.stringify({ id: '7', by: 'ada', why: 'labels' });
    expect(
      requestsIn(object({ 'model-serving/abort': 'wrong labels', 'model-serving/pause': json, other: 'x' })),
    ).toEqual([
      { verb: 'pause', id: '7', by: 'ada', why: 'labels' },
      { verb: 'abort', by: 'kubectl', why: 'wrong labels' },
    ]);
  });

  it('is of whoever the API says wrote it, when it does not say so itself', () => {
    const fields = {
      manager: 'kubectl-annotate',
      fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:model-serving/abort': {} } } },
    };
    const [request] = requestsIn(object({ 'model-serving/abort': '' }, [null, { manager: 'other' }, fields]));
    expect(request).toEqual({ verb: 'abort', by: 'kubectl-annotate', why: '' });
  });

  it('leaves other annotations alone', () => {
    expect(withoutRequests({ 'model-serving/abort': '', 'model-serving/dance': '', a: 'b' })).toEqual({
      'model-serving/dance': '',
      a: 'b',
    });
  });
});
