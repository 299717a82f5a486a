import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createTidings, TidingsError, type StoredEvent } from '../../../src/client/tidings-client.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => void (server = await startTestServer()));
afterAll(() => server[Symbol.asyncDispose]());

const amount = z.object({ amount: z.number() });

describe('emit', () => {
  test('rejects what a schema or a limit of the server rejects, in its words, and reports it', async () => {
    const unsent: TidingsError[] = [];
    const onUnsent = (events: readonly { readonly error: TidingsError }[]): void => void unsent.push(...events.map(({ error }) => error));
    await using tidings = createTidings(server.tidings.url, { events: { 'acme.order.paid': amount }, onUnsent });
    await expect(tidings.emit('acme.order.paid', { resource: 'r', payload: {} as never })).rejects.toMatchObject({
      code: 'EVENT_REJECTED',
      message: expect.stringMatching(/^payload\.amount: .*expected number/),
    });
    const wrong = [
      { resource: '' },
      { resource: 'r'.repeat(1025) },
      { resource: { id: 'r', labels: { k: 'v'.repeat(10_001) } } },
      { resource: 'r', related: Array.from({ length: 101 }, () => ({ id: 'a', role: 'b' })) },
      { resource: 'r', payload: { text: 'x'.repeat(1_600_000) } },
      { resource: 'r\0' },
      { resource: 'r', payload: { deep: JSON.parse('['.repeat(120) + ']'.repeat(120)) } },
    ];
    for (const details of wrong) {
      const message = await tidings.emit('e', { ...details, id: 'same', occurred: '2026-11-23T14:41:10.000000Z' }).then(
        () => 'stored',
        (error: unknown) => (error as TidingsError).message,
      );
      const resource = typeof details.resource === 'string' ? { id: details.resource } : details.resource;
      const input = { event: 'e', ...details, resource, id: 'same', occurred: '2026-11-23T14:41:10.000000Z' };
      const query = 'mutation ($input: EventInput!) { emitEvent(input: $input) { userErrors { message } } }';
      const { emitEvent } = await server.data(query, { input });
      expect(message).toBe(emitEvent.userErrors[0].message.replace(/^input[.:]\s*/, ''));
    }
    expect(unsent).toHaveLength(wrong.length + 1);
  });

  test('throws at once what is no call of emit', async () => {
    await using tidings = createTidings(server.tidings.url);
    const calls: readonly (readonly unknown[])[] = [
      [{ event: 'e', resource: 'r' }],
      ['e'],
      [undefined, { resource: 'r' }],
      ['e', 'r'],
      ['e', null],
    ];
    for (const call of calls) {
      expect(() => (tidings.emit as (...values: readonly unknown[]) => unknown)(...call)).toThrow(
        /^emit: expected the name of an event and its details/,
      );
    }
  });

  test('a conflict and an event of a reserved name are rejected, the others of the batch stored', async () => {
    await using tidings = createTidings(server.tidings.url, { onUnsent: () => undefined });
    const first = tidings.emit('e', { id: 'conflict', resource: 'r' });
    const second = tidings.emit('e', { id: 'conflict', resource: 'other' });
    const third = tidings.emit('tidings.reserved', { resource: 'r' });
    const fourth = tidings.emit('e', { resource: 'r' });
    expect((await first).status).toBe('CREATED');
    await expect(second).rejects.toMatchObject({ code: 'EVENT_REJECTED', userErrors: [{ code: 'ID_CONFLICT', field: ['id'] }] });
    await expect(third).rejects.toMatchObject({ userErrors: [{ code: 'FORBIDDEN', field: ['event'] }] });
    expect((await fourth).status).toBe('CREATED');
  });

  test('a wrong address is reported once, and keeps the queue', async () => {
    const problems: TidingsError[] = [];
    const unsent: unknown[] = [];
    const tidings = createTidings(`${server.tidings.url}/wrong`, {
      onProblem: (error) => problems.push(error),
      onUnsent: (events) => unsent.push(...events),
      retry: { minMs: 10, maxMs: 20 },
    });
    void tidings.emit('e', { resource: 'r' });
    await expect(tidings.flush({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'UNSENT' });
    expect(problems.map(({ code }) => code)).toEqual(['NOT_TIDINGS']);
    expect(unsent).toEqual([]);
    expect(await tidings.close({ timeoutMs: 1 })).toEqual({ unsent: 1 });
    expect(unsent).toHaveLength(1);
  });

  test('emitAll reports the result of each event, and ends at the first error of its callback or of the events', async () => {
    await using tidings = createTidings(server.tidings.url, {
      batch: { maxEvents: 20 },
      queue: { maxEvents: 40 },
      onUnsent: () => undefined,
    });
    const occurred = new Date();
    const input = (n: number, resource = 'r') => ({ event: 'all', resource, id: `all-${n}`, occurred });
    const results: string[] = [];
    const onResult = (result: StoredEvent | TidingsError, index: number): void =>
      void (results[index] = result instanceof TidingsError ? result.code : result.status);
    const inputs = Array.from({ length: 90 }, (_, n) =>
      n === 50 ? input(0) : n === 60 ? input(0, 'other') : n === 70 ? input(70, '') : input(n),
    );
    expect(await tidings.emitAll(inputs, { onResult })).toMatchObject({ created: 87, duplicates: 1, failed: 2 });
    const expected = inputs.map((_, n) => (n === 50 ? 'DUPLICATE' : n === 60 || n === 70 ? 'EVENT_REJECTED' : 'CREATED'));
    expect(results).toEqual(expected);

    let read = 0;
    async function* endless() {
      for (;;) yield input(1000 + read++);
    }
    const atFive = (_result: unknown, index: number): void => {
      if (index >= 5) throw new Error(`stopped at ${index}`);
    };
    await expect(tidings.emitAll(endless(), { onResult: atFive })).rejects.toThrow('stopped at 5');
    expect(read).toBeLessThan(100);
    results.length = 0;
    async function* broken() {
      for (let n = 0; n < 30; n += 1) yield input(2000 + n);
      throw new Error('unreadable');
    }
    await expect(tidings.emitAll(broken(), { onResult })).rejects.toThrow('unreadable');
    expect(results).toEqual(Array.from({ length: 30 }, () => 'CREATED'));
  });

  test('emitAll ends when the client closes, also with an outbox, whose events stay in it', async () => {
    const kept = new Set<string>();
    const outbox = {
      open: () => undefined,
      add: (text: string) => (kept.add(text), { key: text }),
      remove: (keys: readonly unknown[]) => keys.forEach((key) => kept.delete(key as string)),
      close: () => undefined,
    };
    const onProblem = vi.fn<() => void>();
    const options = { queue: { maxEvents: 10 }, retry: { minMs: 10, maxMs: 20 }, onProblem, onUnsent: () => undefined };
    const inputs = Array.from({ length: 30 }, (_, n) => ({ event: 'closing', resource: 'r', id: `closing-${n}` }));
    for (const more of [{}, { outbox }]) {
      const tidings = createTidings(`${server.tidings.url}/wrong`, { ...options, ...more });
      const codes: string[] = [];
      const onResult = (result: StoredEvent | TidingsError): void => void codes.push(result instanceof TidingsError ? result.code : '');
      const emitting = tidings.emitAll(inputs, { onResult });
      await vi.waitFor(() => expect(onProblem).toHaveBeenCalled(), 20_000);
      onProblem.mockClear();
      await tidings.close({ timeoutMs: 1 });
      const closed = Array.from({ length: 20 }, () => 'CLOSED');
      if ('outbox' in more) {
        await expect(emitting).rejects.toMatchObject({ code: 'UNSENT' });
        expect([codes, kept.size]).toEqual([closed, 10]);
      } else {
        expect(await emitting).toMatchObject({ created: 0, failed: 30 });
        expect(codes).toEqual([...Array.from({ length: 10 }, () => 'UNSENT'), ...closed]);
      }
    }
  });

  test('emissions that are awaited at once have cursors, also those that follow other results immediately', async () => {
    await using tidings = createTidings(server.tidings.url);
    // At each of these steps after a result, the next batch may form.
    for (let steps = 0; steps < 12; steps += 1) {
      const { cursor } = await tidings.emit('awaited', { resource: 'r' });
      expect(cursor).toEqual(expect.any(String));
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      expect((await tidings.emit('awaited', { resource: 'r' })).cursor, `after ${steps} steps`).toEqual(expect.any(String));
    }
  });

  test('a callback that throws leaves the queue intact', async () => {
    const unsent: string[] = [];
    const tidings = createTidings(server.tidings.url, {
      onProblem: () => undefined,
      onUnsent(events) {
        unsent.push(...events.map(({ error }) => error.code));
        throw new Error('a bug of the program');
      },
    });
    const rejected = tidings.emit('tidings.reserved', { resource: 'r' });
    await expect(rejected).rejects.toMatchObject({ code: 'EVENT_REJECTED' });
    expect((await tidings.emit('e', { resource: 'r' })).status).toBe('CREATED');
    await tidings.flush();
    expect(unsent).toEqual(['EVENT_REJECTED']);
    expect(await tidings.close()).toEqual({ unsent: 0 });
  });

  test('batches stay within the bytes that the server accepts', async () => {
    const bytes: number[] = [];
    const measured: typeof fetch = async (url, init = {}) => {
      bytes.push((init.body as string).length);
      const response = await fetch(url, init);
      return new Response((await response.text()).replace(/"bodyBytes":\d+/, '"bodyBytes":20000'), response);
    };
    await using tidings = createTidings(server.tidings.url, { fetch: measured });
    const inputs = Array.from({ length: 100 }, () => ({ event: 'small', resource: 'r', payload: { text: 'x'.repeat(1000) } }));
    expect(await tidings.emitAll(inputs)).toMatchObject({ created: 100 });
    expect(Math.max(...bytes)).toBeLessThanOrEqual(20_000);
    expect(bytes.length).toBeLessThan(10);
  });

  test('many events pass through a bounded queue, and are stored in the order of emission', async () => {
    await using tidings = createTidings(server.tidings.url, { queue: { maxEvents: 100 }, batch: { maxEvents: 40 } });
    const inputs = Array.from({ length: 500 }, (_, n) => ({ event: 'bulk', resource: `bulk.${n}`, id: `bulk-${n}` }));
    expect(await tidings.emitAll(inputs)).toEqual({ created: 500, duplicates: 0, failed: 0, failures: [] });
    const ids: string[] = [];
    const request = { filter: { event: { in: ['bulk'] } }, order: 'LOG', first: 200 } as const;
    for await (const { nodes } of tidings.pages(request)) ids.push(...nodes.map(({ id }) => id));
    expect(ids).toEqual(inputs.map(({ id }) => id));
    expect((await tidings.page({ ...request, countUpTo: 10 })).totalCount).toEqual({ count: 10, exceeded: true });
  });
});
