import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RolloutStatus } from '../../../runtime/src/contract';
import { statusPage } from '../../../runtime/src/rollout/status-page';
import { BROWSER, browserForTests } from '../../support/browser';
import { eventually } from '../../support/eventually';
import { describeWith } from '../../support/requires';
import { decision, rolloutStatus } from '../../support/rollouts';

let status: RolloutStatus | undefined;
let log = '';
const page = statusPage(() => ({
  metadata: { name: 'iris-rollout' },
  data: { ...(status && { 'status.json': JSON.stringify(status) }), 'decisions.jsonl': log },
}));
const server = createServer((request, response) => {
  if (!page(request, response)) {
    response.writeHead(202).end('for somebody else');
  }
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  status = rolloutStatus();
  log = `${JSON.stringify(decision({ kind: 'started', message: 'begins' }))}\n${JSON.stringify(decision())}\n`;
});

describe('the files of the page', () => {
  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/status-page.css', 'text/css; charset=utf-8'],
    ['/status-page.js', 'text/javascript; charset=utf-8'],
    ['/status.json', 'application/json'],
    ['/decisions.json', 'application/json'],
  ])('%s is %s, under a strict policy, for reading alone', async (path, type) => {
    const { status: code, headers, text } = await get(path);
    expect([code, headers.get('content-type'), headers.get('x-content-type-options')]).toEqual([200, type, 'nosniff']);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(text).not.toMatch(/https?:\/\//);
    const head = await fetch(url + path, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const posted = await fetch(url + path, { method: 'POST', body: 'x' });
    expect([posted.status, posted.headers.get('allow'), await posted.json()]).toEqual([
      405,
      'GET, HEAD',
      { error: `POST is not allowed for ${path}. Send GET.` },
    ]);
  });

  it('leaves every other path to others', async () => {
    for (const path of ['/v1/models/iris:predict', '/status.json/', '/__proto__', '/constructor', '//']) {
      expect([path, (await fetch(url + path)).status]).toEqual([path, 202]);
    }
    expect((await fetch(`${url}/?a=b`)).status).toBe(200);
  });

  it('has the status as it is, and the last decisions, newest first', async () => {
    expect(await json('/status.json')).toEqual(rolloutStatus());
    const time = '2026-11-30T12:00:00.000Z';
    expect(await json('/decisions.json')).toEqual([
      { time, text: 'step 2 of 3 (weight 10 %) begins' },
      { time, text: 'begins' },
    ]);
    log = log.repeat(100);
    expect(await json('/decisions.json')).toHaveLength(50);
  });

  it('is not sent again while it is the same', async () => {
    const tag = (await get('/status.json')).headers.get('etag') ?? '';
    const again = () => fetch(`${url}/status.json`, { headers: { 'If-None-Match': tag }, cache: 'no-store' });
    expect((await again()).status).toBe(304);
    status = rolloutStatus({ phase: 'Paused' });
    expect((await again()).status).toBe(200);
  });

  it('is 503 while there is no status', async () => {
    status = undefined;
    const { status: code, text } = await get('/status.json');
    expect([code, JSON.parse(text)]).toEqual([503, { error: 'there is no status yet' }]);
  });
});

describeWith('the page in a browser', BROWSER, () => {
  const open = browserForTests();

  it('shows the rollout, and follows it', async () => {
    const { page: tab, complaints } = await open();
    await tab.goto(url);
    await tab.waitForSelector('#rollout:not([hidden])');
    const shown = (id: string) =>
      tab.$eval(`#${id}`, (element) => (element as unknown as { innerText: string }).innerText);
    expect(await tab.title()).toBe('iris-rollout: Progressing');
    expect(await shown('state')).toBe('iris v1 → v2: Progressing step 2 of 3 is under way');
    expect([await shown('stable-share'), await shown('candidate-share')]).toEqual(['v1 90 %', '10 % v2']);
    expect(await shown('proxies')).toBe('2 of 2 proxies serve this');
    expect((await shown('steps')).split('\n').map((row) => row.split('\t'))).toEqual([
      ['done', 'shadow 100 %', '', '', ''],
      [
        'now',
        'weight 10 %',
        '4 min of 10 min',
        'stable 7312 of 1000, candidate 812 of 1000',
        '6 min and 188 requests more',
      ],
      ['', 'weight 50 %', '', '', ''],
      ['', 'promotion', '', '', ''],
    ]);
    expect(await shown('guardrails')).toContain('pass\terror-rate\t0.1 % of 812 requests');
    expect(await shown('arms')).toContain('v2\tcandidate\t812\t3 (0.369 %)');
    expect((await shown('decisions')).split('\n')[0]).toContain('step 2 of 3 (weight 10 %) begins');

    status = rolloutStatus({ phase: 'Promoted', reason: 'all steps are done', candidateWeight: 10_000 });
    await eventually('the page follows', async () => (await shown('phase')) === 'Promoted');
    expect(await shown('stable-share')).toBe('v1 0 %');
    expect((await shown('steps')).match(/done/g)).toHaveLength(4);
    expect(complaints).toEqual([]);
    await tab.close();
  });

  it('shows texts as texts', async () => {
    status = rolloutStatus({ reason: '<img src=x onerror=alert(1)>', steps: ['<b>1</b>', '2', '3'] });
    const { page: tab } = await open();
    await tab.goto(url);
    await tab.waitForSelector('#rollout:not([hidden])');
    expect(await tab.$eval('#reason', (element) => element.textContent)).toBe('<img src=x onerror=alert(1)>');
    expect(await tab.$$('main img, main b')).toEqual([]);
    await tab.close();
  });

  it('says when there is no status, or no answer any more, and recovers', async () => {
    status = undefined;
    const { page: tab } = await open();
    await tab.goto(url);
    const message = () => tab.$eval('#message', (element) => element.textContent);
    await eventually('it says so', async () => (await message())?.includes('there is no status yet.'));
    expect(await tab.$('#rollout[hidden]')).not.toBeNull();
    status = rolloutStatus();
    await tab.waitForSelector('#rollout:not([hidden])');
    expect(await message()).toBe('');
    await tab.setOfflineMode(true);
    await eventually('it says so', async () => (await message())?.includes('What is shown may be old.'));
    await tab.setOfflineMode(false);
    await eventually('it is there again', async () => (await message()) === '');
    await tab.close();
  });

  it('can be used with a screen reader: names of tables, state, share and the current step', async () => {
    const { page: tab } = await open();
    await tab.goto(url);
    await tab.waitForSelector('#rollout:not([hidden])');
    const found = new Set<string>();
    const visit = (node: { role: string; name?: string; valuetext?: string; children?: unknown[] }) => {
      found.add(`${node.role} ${node.name ?? ''}`.trim());
      for (const child of node.children ?? []) {
        visit(child as typeof node);
      }
    };
    visit((await tab.accessibility.snapshot({ interestingOnly: false }))!);
    for (const each of [
      'heading iris-rollout',
      'table Steps',
      'table Guardrails',
      'table Decisions',
      'progressbar Share of the candidate',
      'status',
      'columnheader Outcome',
    ]) {
      expect([...found]).toContain(each);
    }
    expect(await tab.$eval('[aria-current=step]', (row) => row.textContent)).toContain('weight 10 %');
    await tab.close();
  });
});

async function get(path: string): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(url + path);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function json(path: string): Promise<unknown> {
  return JSON.parse((await get(path)).text);
}
