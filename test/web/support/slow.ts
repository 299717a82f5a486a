import { randomOf } from '../../oracle/random.ts';
import type { BrowserContext, Page } from 'playwright-core';

/**
 * What makes the page slow, in `TIDINGS_TEST_SLOW`, such as `cpu=6,chunks,responses`: the processor
 * is so many times slower, modules that are loaded later take 0.3 to 1 s more, and responses and
 * messages of the server 50 to 400 ms more. Finds tests and parts of the page that assume an order.
 */
const slowness = new Map((process.env['TIDINGS_TEST_SLOW'] ?? '').split(',').map((each) => `${each}=1`.split('=') as [string, string]));
const random = randomOf(process.env['TIDINGS_TEST_SEED'] ?? 'slow');

/** Makes the pages of a browser profile as slow as the environment says. */
export async function slowDown(context: BrowserContext): Promise<void> {
  if (slowness.has('chunks')) {
    await context.route('**/assets/*', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 300 + 700 * random.fraction()));
      await route.continue().catch(() => undefined); // the page is closed
    });
  }
  if (slowness.has('responses')) await context.addInitScript(delayResponses, Math.floor(random.fraction() * 2 ** 31));
}

/** Throttles the processor for a page. */
export async function slowDownPage(page: Page): Promise<void> {
  const rate = Number(slowness.get('cpu') ?? 1);
  if (rate === 1) return;
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
}

/** Runs in the page, where routes of tests cannot replace it. Messages keep their order. */
function delayResponses(seed: number): void {
  let state = seed;
  const delay = (): Promise<void> => {
    state = (state * 16_807) % 2_147_483_647;
    const ms = 50 + (350 * state) / 2_147_483_647;
    return new Promise((resolve) => wait(resolve, ms));
  };
  const wait = setTimeout; // not that of a test's clock
  const request = fetch;
  globalThis.fetch = async (...call) => {
    const response = await request(...call);
    await delay();
    call[1]?.signal?.throwIfAborted();
    return response;
  };
  const queues = new WeakMap<WebSocket, Promise<void>>();
  for (const name of ['onopen', 'onmessage', 'onclose', 'onerror'] as const) {
    const property = Object.getOwnPropertyDescriptor(WebSocket.prototype, name)!;
    Object.defineProperty(WebSocket.prototype, name, {
      ...property,
      set(this: WebSocket, handler: ((event: Event) => void) | null) {
        const queued = (event: Event): void => {
          const due = Promise.all([queues.get(this), delay()]);
          const turn = due.then(() => new Promise<void>((resolve) => wait(resolve))); // each is a task of its own
          queues.set(
            this,
            turn.then(() => handler?.call(this, event)),
          );
        };
        property.set?.call(this, handler && queued);
      },
    });
  }
}
