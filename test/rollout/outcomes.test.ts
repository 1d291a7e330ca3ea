import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ReportOutcome, Reports, reportsEndpoint } from '../../runtime/src/rollout/outcomes';
import { rolloutConfig } from './support';

const config = rolloutConfig({
  outcomes: [
    { name: 'revenue', source: 'reported', cap: 100 },
    { name: 'clicks', source: 'reported', ratio: true },
    {
      name: 'watched',
      source: 'prometheus',
      url: 'http://prometheus:9090',
      queries: { count: '{version}', sum: '{version}', sumSquares: '{version}' },
    },
  ],
});

const reports = new Reports(config);
const told: Partial<Record<ReportOutcome, number>> = {};
let leads = true;
const server = createServer(
  reportsEndpoint({
    config,
    reports,
    leads: () => leads,
    onOutcome: (outcome, count) => {
      told[outcome] = (told[outcome] ?? 0) + count;
    },
  }),
);

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  reports.take();
  leads = true;
  for (const outcome of ['accepted', 'ignored', 'refused'] as const) {
    told[outcome] = 0;
  }
});

async function post(body: unknown, { path = '/outcomes', method = 'POST', type = 'application/json' } = {}) {
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
    method,
    ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': type },
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as { error?: string } };
}

const revenue = (version: string, value: unknown) => ({ metric: 'revenue', version, value });

describe('reports of outcomes', () => {
  it('are added up by metric and version: one outcome, or many', async () => {
    expect(await post(revenue('v1', 3))).toMatchObject({ status: 202, body: { accepted: 1, ignored: 0 } });
    expect(await post([revenue('v1', -4), revenue('v2', 0.5), revenue('v2', 1)])).toMatchObject({ status: 202 });
    expect(reports.take()).toEqual({
      revenue: {
        stable: { n: 2, sum: -1, sumSquares: 25 },
        candidate: { n: 2, sum: 1.5, sumSquares: 1.25 },
      },
    });
    expect(reports.take()).toEqual({});
    expect(told).toEqual({ accepted: 4, ignored: 0, refused: 0 });
  });

  it('count a value beyond the cap as the cap', async () => {
    await post([revenue('v1', 1e6), revenue('v2', -1e6), revenue('v2', 99)]);
    expect(reports.take()).toEqual({
      revenue: {
        stable: { n: 1, sum: 100, sumSquares: 10_000 },
        candidate: { n: 2, sum: -1, sumSquares: 19_801 },
      },
    });
  });

  it('have all sums of a ratio', async () => {
    await post([
      { metric: 'clicks', version: 'v2', value: 2, denominator: 10 },
      { metric: 'clicks', version: 'v2', value: 3, denominator: 0 },
    ]);
    expect(reports.take().clicks?.candidate).toEqual({
      n: 2,
      sum: 5,
      sumSquares: 13,
      denominator: { sum: 10, sumSquares: 100, sumProducts: 20 },
    });
  });

  it('ignore versions of other rollouts, and say so', async () => {
    expect((await post([revenue('v0', 1), revenue('v1', 1)])).body).toEqual({ accepted: 1, ignored: 1 });
    expect(told).toEqual({ accepted: 1, ignored: 1, refused: 0 });
  });

  it.each([
    ['{', 'not JSON'],
    ['null', 'The outcome must be an object'],
    ['[1]', '[0] must be an object'],
    [[revenue('v1', 1), { ...revenue('v1', 1), metric: 'cost' }], "[1] has the metric 'cost'. This rollout knows"],
    [{ ...revenue('v1', 1), metric: 'watched' }, "has the metric 'watched'"],
    [{ ...revenue('v1', 1), metric: '__proto__' }, 'has the metric'],
    [{ metric: 'revenue', value: 1 }, 'version must be'],
    [revenue('v1', '12'), 'value must be a number from -1000000000000 to 1000000000000; found a string'],
    [revenue('v1', 1e13), 'value must be a number'],
    ['{"metric":"revenue","version":"v1","value":1e999}', 'value must be a number'],
    [revenue('v1', null), 'value must be a number'],
    [{ ...revenue('v1', 1), user: 'ada' }, "has the field 'user'"],
    [{ ...revenue('v1', 1), denominator: 2 }, "'revenue' is a mean"],
    [{ metric: 'clicks', version: 'v1', value: 1 }, 'denominator must be a number from 0'],
    [{ metric: 'clicks', version: 'v1', value: 1, denominator: -1 }, 'denominator must be a number from 0'],
  ])('are refused as a whole: %j', async (body, error) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toContain(error);
    expect(reports.take()).toEqual({});
    expect(told.refused).toBe(1);
  });

  it.each([
    [{ path: '/' }, 404, 'Outcomes are reported to /outcomes.'],
    [{ method: 'GET' }, 405, 'allowed: POST'],
    [{ type: 'text/plain' }, 415, 'application/json'],
  ])('go to one address, in one way: %j', async (how, status, error) => {
    const answer = await post(revenue('v1', 1), how);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toContain(error);
    expect(answer.headers.get('allow')).toBe(status === 405 ? 'POST' : null);
  });

  it('are bounded', async () => {
    const answer = await post(' '.repeat(300_000));
    expect(answer).toMatchObject({ status: 413 });
    expect(answer.body.error).toContain('262144 bytes');
  });

  it('are not taken by a controller that does not lead: they would be lost', async () => {
    leads = false;
    const answer = await post(revenue('v1', 1));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(reports.take()).toEqual({});
  });
});
