import AxeBuilder from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { chromiumPath, noChromium } from '../../support/chromium.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { slowDown, slowDownPage } from './slow.ts';

/** Tests of the page are skipped without a browser. */
export const hasBrowser = chromiumPath !== null;
if (!hasBrowser) console.log(`Tests of the event feed are skipped. ${noChromium}`);

/** A server and a browser for the tests of a file. */
export interface FeedWorld extends AsyncDisposable {
  readonly server: TestServer;
  readonly browser: Browser;
  /** Opens the page at a path of its server, in a browser profile of its own. */
  open(path?: string, options?: OpenOptions): Promise<FeedPage>;
}

export interface OpenOptions {
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  readonly timeZone?: string;
  /** The address of another server or a proxy. */
  readonly origin?: string;
  /** Whether errors in the console are part of the test, such as those of lost connections. */
  readonly allowErrors?: boolean;
}

export interface FeedPage extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Messages of the console that are errors, uncaught errors, and requests to other servers. */
  readonly faults: readonly string[];
  /** Runs axe on the page as it is, in both themes. Returns the violations in words. */
  violations(): Promise<readonly string[]>;
}

/** Starts a server and a browser; `settings` are those of the server. */
export async function startFeedWorld(settings: Readonly<Record<string, string>> = {}): Promise<FeedWorld> {
  const server = await startTestServer(settings);
  const browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox'] });
  return {
    server,
    browser,
    open: (path = '/', options = {}) => openPage(browser, new URL(path, options.origin ?? server.tidings.url), options),
    async [Symbol.asyncDispose]() {
      await browser.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The address of the page, read in the page: `page.url()` follows a little later. */
export async function addressOf(page: Page): Promise<URL> {
  return new URL(await page.evaluate(() => location.href));
}

async function openPage(browser: Browser, url: URL, options: OpenOptions): Promise<FeedPage> {
  const { theme = 'light', width = 1440, height = 900, timeZone = 'UTC', allowErrors = false } = options;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, timezoneId: timeZone, locale: 'en-GB' });
  context.setDefaultTimeout(30_000);
  await slowDown(context);
  const page = await context.newPage();
  await slowDownPage(page);
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error.stack)));
  page.on('request', (request) => {
    if (new URL(request.url()).host !== url.host && !request.url().startsWith('data:')) faults.push(`requested ${request.url()}`);
  });
  await page.goto(url.href);
  return {
    page,
    context,
    faults,
    async violations() {
      // Rows of an earlier filter are dimmed until the next ones are there.
      await page.waitForFunction(() => [...document.querySelectorAll('.rows')].every((rows) => getComputedStyle(rows).opacity === '1'));
      // Evaluated by the debugger, which the content security policy of the page does not restrict.
      await page.evaluate(AxeBuilder.source);
      const found = await axeViolations(page);
      const otherTheme = theme === 'light' ? 'dark' : 'light';
      await page.emulateMedia({ colorScheme: otherTheme });
      found.push(...(await axeViolations(page, ['color-contrast'])));
      await page.emulateMedia({ colorScheme: theme });
      return found;
    },
    async [Symbol.asyncDispose]() {
      await context.close();
      if (!allowErrors) expect(faults).toEqual([]);
    },
  };
}

async function axeViolations(page: Page, rules?: string[]): Promise<string[]> {
  const { violations } = await page.evaluate((only) => {
    const { axe } = globalThis as unknown as { axe: typeof AxeBuilder };
    return axe.run(document, only === undefined ? { rules: { 'target-size': { enabled: true } } } : { runOnly: only });
  }, rules);
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}
