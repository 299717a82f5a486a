// Measures the event feed page in Chromium: first rows, time from emitting to seeing, script share
// of the main thread while events arrive, and memory and frames with many rows. Needs the build:
//   npm run build && npx tsx test/bench/feed.ts [--seconds 60] [--rows 100000] [--embedded]
// Server, database, emitter and browser share the machine. The browser renders with software.
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium, type CDPSession } from 'playwright-core';
import { chromiumPath } from '../support/chromium.ts';
import { median, quantile } from './load/program.ts';
import { startDatabases, startServer } from './load/servers.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rows: { type: 'string', default: '100000' },
    embedded: { type: 'boolean', default: false },
  },
});
const [seconds, maxRows] = [Number(values.seconds), Number(values.rows)];
const perSecond = 1000;
const names = ['acme.order.placed', 'acme.order.paid', 'acme.parcel.shipped', 'acme.user.logged-in', 'acme.stock.counted'];

await using databases = await startDatabases(values.embedded ? 'embedded' : 'postgres');
await using server = await startServer('Tidings', { environment: await databases.fresh() });
const browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox', '--enable-precise-memory-info'] });
const run = Date.now().toString(36);
let emitted = 0;

await emit(1000);
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.addInitScript(observe);
const devtools = await page.context().newCDPSession(page);
await devtools.send('Performance.enable');

const firstRows: number[] = [];
for (let round = 0; round < 6; round += 1) {
  await page.goto(server.url);
  await page.locator('[data-event-id]').first().waitFor();
  firstRows.push(await page.evaluate(() => (globalThis as unknown as Observed).observed.firstRowMs));
}
print('first rows, of 5 warm loads (ms)', {
  median: Math.round(median(firstRows.slice(1))),
  first: Math.round(firstRows[0] ?? Number.NaN),
});

await waitForLive();
print('emitted to seen, 20 events/s (ms)', await seen(async () => await load(20, 20)));
print(`following, ${perSecond} events/s for ${seconds} s`, await share(async () => await load(perSecond, seconds)));
print('emitted to seen meanwhile, of events that were shown (ms)', latencies(await observed()));

await page.locator('.scroller').evaluate((element) => (element.scrollTop = 420));
await pause(500);
const anchor = await page.evaluate(() => {
  const row = document.querySelectorAll<HTMLElement>('[data-event-id]')[18];
  return row === undefined ? null : { id: row.dataset['eventId'] ?? '', top: row.getBoundingClientRect().top };
});
print(`held, ${perSecond} events/s for ${seconds} s`, await share(async () => await load(perSecond, seconds)));
print('the row that was in view moved by (px)', {
  moved: await page.evaluate(
    (before) =>
      (document.querySelector(`[data-event-id="${before?.id ?? ''}"]`)?.getBoundingClientRect().top ?? Number.NaN) - (before?.top ?? 0),
    anchor,
  ),
});

await emit(Math.max(0, maxRows + 2000 - emitted));
await page.goto(`${server.url}/?live=off`);
await page.locator('[data-event-id]').first().waitFor();
const empty = await heapMb();
const loadedMs = await loadRows(maxRows);
const heap = await heapMb();
print(`${maxRows} rows`, {
  loadedMs,
  heapMb: heap,
  ofRowsMb: Math.round(heap - empty),
  inDom: await page.locator('[data-event-id]').count(),
});
print('150 scroll steps of 1,400 px', await scrollSteps());
await browser.close();

interface Observed {
  readonly observed: { firstRowMs: number; longTasks: number[]; delays: number[] };
}

/** Runs in the page: when rows appear, and how long tasks take. Ids of events end with the time of emission. */
function observe(): void {
  const observed = { firstRowMs: Number.NaN, longTasks: [] as number[], delays: [] as number[] };
  Object.assign(globalThis, { observed });
  new PerformanceObserver((list) => observed.longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
    type: 'longtask',
    buffered: true,
  });
  new MutationObserver((mutations) => {
    const added = mutations.flatMap(({ addedNodes }) => [...addedNodes].filter((node) => node instanceof HTMLElement));
    const ids = added.flatMap(({ dataset }) => dataset['eventId'] ?? []);
    const isFirst = Number.isNaN(observed.firstRowMs) && document.querySelector('[data-event-id]') !== null;
    if (ids.length === 0 && !isFirst) return;
    requestAnimationFrame(() => {
      if (isFirst) observed.firstRowMs = performance.now();
      const now = performance.timeOrigin + performance.now();
      for (const id of ids) observed.delays.push(now - Number(id.slice(id.lastIndexOf('-') + 1)));
    });
  }).observe(document, { childList: true, subtree: true });
}

async function observed(): Promise<Observed['observed']> {
  return await page.evaluate(() => {
    const all = (globalThis as unknown as Observed).observed;
    const copy = { ...all, longTasks: [...all.longTasks], delays: [...all.delays] };
    [all.longTasks.length, all.delays.length] = [0, 0];
    return copy;
  });
}

async function waitForLive(): Promise<void> {
  await page.getByRole('status').filter({ hasText: /^Live/ }).first().waitFor();
  await observed();
}

function latencies({ delays }: Observed['observed']): object {
  return { p50: Math.round(quantile(delays, 0.5)), p99: Math.round(quantile(delays, 0.99)), events: delays.length };
}

async function seen(work: () => Promise<void>): Promise<object> {
  await work();
  await pause(500);
  return latencies(await observed());
}

/** The share of the time that the main thread spends in scripts, and in tasks as a whole. */
async function share(work: () => Promise<void>): Promise<object> {
  const [before, started] = [await metrics(devtools), performance.now()];
  await work();
  const [after, elapsed] = [await metrics(devtools), (performance.now() - started) / 1000];
  const percent = (name: string): string => `${Math.round(((after[name] ?? 0) - (before[name] ?? 0)) / elapsed / 0.01)} %`;
  const { longTasks } = await page.evaluate(() => (globalThis as unknown as Observed).observed);
  const heapBefore = Math.round((before['JSHeapUsedSize'] ?? 0) / 1e6);
  return {
    script: percent('ScriptDuration'),
    tasks: percent('TaskDuration'),
    layoutAndStyle: `${percent('LayoutDuration')} + ${percent('RecalcStyleDuration')}`,
    longestTaskMs: Math.round(Math.max(0, ...longTasks)),
    tasksOver50Ms: longTasks.length,
    heapMb: `${heapBefore} to ${await heapMb()}`,
  };
}

async function metrics(session: CDPSession): Promise<Readonly<Record<string, number>>> {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

async function heapMb(): Promise<number> {
  await devtools.send('HeapProfiler.collectGarbage');
  return Math.round(((await metrics(devtools))['JSHeapUsedSize'] ?? 0) / 1e6);
}

/** Scrolls to the end until so many rows are loaded. Returns the milliseconds. */
async function loadRows(count: number): Promise<number> {
  const started = performance.now();
  await page.waitForFunction(
    (wanted) => {
      const scroller = document.querySelector('.scroller');
      if (scroller === null) return false;
      scroller.scrollTop = scroller.scrollHeight;
      return scroller.scrollHeight / 28 >= wanted;
    },
    count,
    { polling: 'raf', timeout: 300_000 },
  );
  return Math.round(performance.now() - started);
}

async function scrollSteps(): Promise<object> {
  await observed();
  const frames = await page.evaluate(async () => {
    const scroller = document.querySelector('.scroller');
    const times: number[] = [];
    let before = performance.now();
    for (let step = 0; step < 150 && scroller !== null; step += 1) {
      scroller.scrollTop -= 1400;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      times.push(performance.now() - before);
      before = performance.now();
    }
    return times;
  });
  const { longTasks } = await observed();
  return {
    totalMs: Math.round(frames.reduce((sum, each) => sum + each, 0)),
    longestFrameMs: Math.round(Math.max(...frames)),
    tasksOver50Ms: longTasks.length,
  };
}

/** Emits at a rate, in a request every 50 ms. */
async function load(rate: number, forSeconds: number): Promise<void> {
  const started = performance.now();
  const pending = new Set<Promise<void>>();
  for (let sent = 0; sent < rate * forSeconds;) {
    const due = Math.min(rate * forSeconds, Math.floor(((performance.now() - started) / 1000) * rate));
    if (due > sent) {
      const request = emit(due - sent).finally(() => pending.delete(request));
      pending.add(request);
      sent = due;
    }
    await pause(50);
  }
  await Promise.all(pending);
}

async function emit(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1000) {
    const size = Math.min(left, 1000);
    const input = Array.from({ length: size }, () => {
      emitted += 1;
      return {
        id: `${run}-${emitted}-${Date.now()}`,
        event: names[emitted % names.length],
        resource: { id: `acme.order.${emitted % 5000}`, name: `Order ${emitted % 5000}`, labels: { region: 'eu' } },
        related: [{ role: 'actor', id: `acme.user.${emitted % 50}` }],
        payload: { amount: emitted % 100 },
      };
    });
    const body = JSON.stringify({
      query: 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }',
      variables: { input },
    });
    const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (!response.ok) throw new Error(await response.text());
  }
}

function print(name: string, figures: object): void {
  console.log(`${name}:`, figures);
}
