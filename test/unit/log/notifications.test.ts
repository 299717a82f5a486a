import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startNotifications, type Notifications } from '../../../src/log/notifications.ts';
import type { Database } from '../../../src/store/database/database.ts';
import type { ListenOptions } from '../../../src/store/database/listener.ts';

/** Processes of one database, and the notifications that they have sent. */
interface Channel {
  readonly sent: string[];
  /** Starts a process; `heard` has the sources of its notifications. */
  readonly start: () => Promise<Notifications & { readonly heard: string[]; readonly reconnect: () => void }>;
}

function channel(deliver: (payload: string) => boolean = () => true): Channel {
  const sent: string[] = [];
  const listening: ListenOptions[] = [];
  return {
    sent,
    async start() {
      let own: ListenOptions | null = null;
      const database = {
        kind: 'postgres',
        async notify(_channel: string, payload: string) {
          sent.push(payload);
          if (deliver(payload)) for (const { onNotification } of listening) onNotification(payload);
        },
        async listen(options: ListenOptions) {
          own = options;
          listening.push(options);
          options.onReconnect();
          return { [Symbol.asyncDispose]: async () => void listening.splice(listening.indexOf(options), 1) };
        },
      } as unknown as Database;
      const notifications = await startNotifications(database, pino({ level: 'silent' }));
      const heard: string[] = [];
      notifications.listen((source) => heard.push(source));
      return { ...notifications, heard, reconnect: () => own?.onReconnect() };
    },
  };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

test('a process without others asks once a minute, and notifies of nothing else', async () => {
  const { sent, start } = channel();
  const one = await start();
  await vi.advanceTimersByTimeAsync(2000);
  expect(sent).toEqual([expect.stringMatching(/\?$/)]);
  for (let second = 0; second < 57; second += 1) {
    one.announce();
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(sent).toHaveLength(1);
  expect(one.heard).toEqual(Array.from({ length: 57 }, () => 'here'));
  await vi.advanceTimersByTimeAsync(2000);
  one.announce();
  await vi.advanceTimersByTimeAsync(100);
  expect(sent).toEqual([sent[0], sent[0]]);
});

test('a process notifies another one that started before or after it, also one that never announces', async () => {
  const { start } = channel();
  const first = await start();
  await vi.advanceTimersByTimeAsync(10_000);
  const second = await start();
  await vi.advanceTimersByTimeAsync(10_000);
  for (const [from, to] of [
    [first, second],
    [second, first],
  ] as const) {
    for (let minute = 0; minute < 10; minute += 1) {
      const before = to.heard.length;
      from.announce();
      await vi.advanceTimersByTimeAsync(20);
      expect(to.heard.slice(before)).toContain('elsewhere');
      await vi.advanceTimersByTimeAsync(59_000);
    }
  }
});

test('what was announced before a process had answered is read when it answers', async () => {
  let isDelivered = false;
  const { start } = channel(() => isDelivered);
  const first = await start();
  const second = await start();
  await vi.advanceTimersByTimeAsync(5000);
  first.announce(); // to nobody that is known
  await vi.advanceTimersByTimeAsync(1000);
  expect(second.heard).toEqual([]);
  isDelivered = true;
  first.reconnect();
  await vi.advanceTimersByTimeAsync(50);
  expect(second.heard).toContain('elsewhere');
  first.announce();
  const before = second.heard.length;
  await vi.advanceTimersByTimeAsync(50);
  expect(second.heard.length).toBeGreaterThan(before);
});

test('after the other process has left, announcements end within two minutes', async () => {
  const { sent, start } = channel();
  const one = await start();
  const other = await start();
  await vi.advanceTimersByTimeAsync(1000);
  await other[Symbol.asyncDispose]();
  await vi.advanceTimersByTimeAsync(119_000);
  one.announce();
  await vi.advanceTimersByTimeAsync(2000);
  const before = sent.length;
  one.announce();
  await vi.advanceTimersByTimeAsync(2000);
  expect(sent).toHaveLength(before);
});

test('a question that could not be sent is asked again', async () => {
  let failing = true;
  const { sent, start } = channel(() => {
    if (failing) throw new Error('unreachable');
    return true;
  });
  const one = await start();
  await vi.advanceTimersByTimeAsync(100);
  failing = false;
  await vi.advanceTimersByTimeAsync(5000);
  one.announce();
  await vi.advanceTimersByTimeAsync(100);
  expect(sent).toEqual([sent[0], sent[0]]);
  expect(sent[0]).toMatch(/\?$/);
});
