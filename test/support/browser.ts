import { existsSync } from 'node:fs';
import { type Browser, launch, type Page } from 'puppeteer-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const path = PATHS.find((each) => existsSync(each));

/** A real browser, as a need of `describeWith`. */
export const BROWSER = { what: 'a browser (apt-get install chromium)', present: path !== undefined };

/** A page in a browser, and what the browser has to complain about it. */
export interface OpenPage {
  readonly page: Page;

  /** Errors of scripts, refused loads and messages of the console. */
  readonly complaints: string[];
}

/** Opens pages in one browser, which is closed when the tests of the file have run. Call it while tests are being declared. */
export function browserForTests(): () => Promise<OpenPage> {
  let browser: Browser | undefined;
  afterAll(async () => {
    await browser?.close();
  });
  return async () => {
    browser ??= await launch({
      executablePath: path,
      headless: true,
      // The browser's own sandbox needs rights that a container lacks; it shows pages of this test alone.
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    });
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
    return { page, complaints };
  };
}
