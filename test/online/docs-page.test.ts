import { join } from 'node:path';
import { BROWSER, browserForTests } from '../support/browser';
import { eventually } from '../support/eventually';
import { mountSecret } from '../support/mounted-secret';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { describeWith } from '../support/requires';
import { sha256 } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const KEY = 'c0rrect-h0rse';
const ROW = [5.1, 3.5, 1.4, 0.2];
const directory = temporaryDirectory();

const mlp = () => fixture('mlp.onnx', { warmUp: { runs: 1, request: { instances: [ROW] } } });

describe('the files of the page', () => {
  let server: TestPredictor;
  beforeAll(async () => {
    server = await startTestPredictor([mlp()]);
  });

  it.each([
    ['/docs', 'text/html; charset=utf-8'],
    ['/docs/page.css', 'text/css; charset=utf-8'],
    ['/docs/page.js', 'text/javascript; charset=utf-8'],
  ])('%s is %s, under a strict policy', async (path, type) => {
    const { status, headers, text } = await server.get(path);
    expect([status, headers.get('content-type'), headers.get('x-content-type-options')]).toEqual([
      200,
      type,
      'nosniff',
    ]);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(text).not.toMatch(/https?:\/\//);
    expect((await server.send('POST', path)).headers.get('allow')).toBe('GET, HEAD');
  });

  it('is at one address, to which its own are relative', async () => {
    const { status, headers } = await fetch(`${server.url}/docs/`, { redirect: 'manual' });
    expect([status, headers.get('location')]).toEqual([308, '../docs']);
  });

  it('can be switched off, with the document', async () => {
    const without = await startTestPredictor([mlp()], { docs: false });
    for (const path of ['/docs', '/docs/page.js', '/openapi.json']) {
      expect((await without.get(path)).status).toBe(404);
    }
  });
});

describeWith('the page in a browser', BROWSER, () => {
  const open = browserForTests();
  const secret = mountSecret(join(directory, 'keys'), { person: sha256(KEY) });
  let server: TestPredictor;
  let locked: TestPredictor;
  beforeAll(async () => {
    const models = () => [mlp(), fixture('two-inputs.onnx'), fixture('corrupted.onnx')];
    const options = { onLoadFailure: 'report' } as const;
    server = await startTestPredictor(models(), {}, options);
    locked = await startTestPredictor(models(), { authentication: { apiKeys: { path: secret.path } } }, options);
  });

  it('sends the example of a model over V1 and V2, by keyboard alone, and shows the answer', async () => {
    const { page, complaints } = await open();
    await page.goto(`${server.url}/docs`);
    await page.waitForSelector('#request:not([hidden])');
    expect(JSON.parse(await page.$eval('#body', (body) => body.value))).toEqual({ instances: [ROW] });
    await page.focus('#model');
    await page.keyboard.press('Tab');
    expect(await page.$eval(':focus', (focused) => focused.getAttribute('value'))).toBe('v1');
    await page.focus('#body');
    await page.keyboard.down('Control');
    await page.keyboard.press('Enter');
    await page.keyboard.up('Control');
    await page.waitForSelector('#answer:not([hidden])');
    const shown = (id: string) => page.$eval(`#${id}`, (element) => element.textContent);
    expect(await shown('status')).toBe('200 OK');
    expect(await shown('timing')).toContain('inference;dur=');
    expect(JSON.parse((await shown('result')) ?? '')).toHaveProperty('predictions');

    await page.focus('input[value=v1]');
    await page.keyboard.press('ArrowRight');
    expect(await shown('target')).toBe('POST /v2/models/mlp/infer');
    await page.keyboard.press('Enter');
    await eventually('the answer of V2', async () => (await shown('result'))?.includes('"model_name":"mlp"'));
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('lists the models that answer, with their inputs, and shows errors', async () => {
    const { page } = await open();
    await page.goto(`${server.url}/docs`);
    await page.waitForSelector('#request:not([hidden])');
    const titles = await page.$$eval('#model option', (options) => options.map((option) => option.textContent));
    expect(titles).toEqual(['mlp', 'two-inputs', 'mlp, version 1', 'two-inputs, version 1']);
    await page.select('#model', 'two-inputs');
    await eventually('its inputs', async () =>
      (await page.$eval('#tensors', (table) => table.textContent))?.includes('inputaFP32[-1, 2]'),
    );
    await page.$eval('#body', (body) => {
      body.value = '{';
    });
    await page.click('#send');
    await eventually('the error', async () =>
      (await page.$eval('#result', (pre) => pre.textContent))?.includes('not valid JSON'),
    );
    expect(await page.$eval('#status', (element) => element.textContent)).toBe('400 Bad Request');
    await page.close();
  });

  it('asks for a key where one is needed, and sends it', async () => {
    const { page } = await open();
    await page.goto(`${locked.url}/docs`);
    await page.waitForSelector('#access:not([hidden])');
    await page.type('#key', 'wrong');
    await page.keyboard.press('Enter');
    await eventually('the refusal', async () =>
      (await page.$eval('#message', (text) => text.textContent))?.includes('not known'),
    );
    await page.$eval('#key', (field) => {
      field.value = '';
    });
    await page.type('#key', KEY);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#request:not([hidden])');
    await page.click('#send');
    await page.waitForSelector('#answer:not([hidden])');
    expect(await page.$eval('#status', (element) => element.textContent)).toBe('200 OK');
    expect(page.url()).not.toContain(KEY);
    await page.close();
  });

  it('can be used with a screen reader: every control has a name', async () => {
    const { page } = await open();
    await page.goto(`${locked.url}/docs`);
    await page.waitForSelector('#access:not([hidden])');
    await page.type('#key', KEY);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#request:not([hidden])');
    const tree = await page.accessibility.snapshot();
    const names = new Map<string, string>();
    const visit = (node: { role: string; name?: string; children?: unknown[] }) => {
      names.set(`${node.role} ${node.name ?? ''}`.trim(), node.name ?? '');
      for (const child of node.children ?? []) {
        visit(child as typeof node);
      }
    };
    visit(tree!);
    for (const control of [
      'combobox Model',
      'radio V1',
      'radio V2',
      'textbox Request body (JSON)',
      'button Send',
      'textbox API key or token',
    ]) {
      expect([...names.keys()]).toContain(control);
    }
    await page.close();
  });
});
