// Makes the pictures of docs/feed.md: npx tsx test/web/screenshots.ts [FOLDER]
// Starts a server on a new embedded database, emits made-up events for a minute, and visits the page.
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { schedule } from '../../src/cli/demo/schedule.ts';
import { createTidings } from '../../src/client/tidings-client.ts';
import { startTidings } from '../../src/main.ts';
import { readSettings } from '../../src/settings.ts';
import { randomOf } from '../oracle/random.ts';
import { chromiumPath } from '../support/chromium.ts';

const folder = process.argv[2] ?? join(import.meta.dirname, '..', '..', 'docs', 'images');
const seconds = 60;
const eventsPerSecond = 12;

const dataDir = mkdtempSync(join(tmpdir(), 'tidings-screenshots-'));
const server = await startTidings(readSettings({ DATA_DIR: dataDir, PORT: '0' }));
const tidings = createTidings(server.url);
const browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox'] });

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly width?: number;
  readonly height?: number;
  readonly themes?: readonly ('light' | 'dark')[];
  readonly prepare?: (page: Page) => Promise<unknown>;
}

async function take({ name, path, width = 1440, height = 860, themes = ['light', 'dark'], prepare }: Shot): Promise<void> {
  for (const theme of themes) {
    const page = await browser.newPage({
      viewport: { width, height },
      colorScheme: theme,
      timezoneId: 'Europe/Berlin',
      locale: 'en-GB',
      reducedMotion: 'reduce',
    });
    await page.goto(server.url + path);
    await page.getByRole('status').first().waitFor();
    await sleep(1500); // counts come after the rows
    await prepare?.(page);
    await sleep(500);
    await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
    await page.close();
  }
}

mkdirSync(folder, { recursive: true });
try {
  await take({ name: 'feed-empty', path: '/', width: 1024, height: 720 });
  const choices = randomOf('screenshots');
  const last = new Map<number, { readonly id: string }>();
  const start = performance.now();
  let dueMs = 0;
  for (const { step, waitMs, story } of schedule(() => choices.fraction(), eventsPerSecond, 1200)) {
    dueMs += waitMs;
    if (dueMs > seconds * 1000) break;
    const earlyMs = dueMs - (performance.now() - start);
    if (earlyMs > 1) await sleep(earlyMs);
    const { event, ...details } = step;
    last.set(story, tidings.emit(event, { ...details, follows: last.get(story) ?? null }));
  }
  await tidings.flush();
  const delivered = await tidings.page({ filter: { event: { in: ['acme.order.delivered'] } }, first: 3 });
  const event = delivered.nodes.at(-1)?.id ?? '';
  const run = await tidings.page({ filter: { event: { startsWith: ['prefect.flow-run.'] } }, first: 20 });
  const failed = run.nodes.find((each) => each.event.endsWith('Failed')) ?? run.nodes[0];
  await take({ name: 'feed', path: '/' });
  await take({ name: 'feed-event', path: `/?e=${event}` });
  await take({ name: 'feed-chain', path: `/?e=${event}&v=chain` });
  await take({ name: 'feed-flow-run', path: `/?q=${encodeURIComponent(`resource:${failed?.resource.id ?? ''}`)}` });
  await take({ name: 'feed-narrow', path: '/', width: 1024, height: 768 });
  await take({ name: 'feed-phone', path: '/', width: 390, height: 780 });
  await take({ name: 'feed-phone-event', path: `/?e=${event}`, width: 390, height: 780 });
} finally {
  await browser.close();
  await tidings.close();
  await server[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true });
}
