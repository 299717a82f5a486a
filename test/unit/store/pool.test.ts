import { expect, test } from 'vitest';
import type { Connection } from '../../../src/store/database/connection.ts';
import { Pool } from '../../../src/store/database/pool.ts';
import { maxKept } from '../../../src/store/database/statements.ts';

const write = { client: null };

/** A server that allows so many connections; then it refuses, with an error of this code. */
function serverThatAllows(state: { connections: number }, code = '53300') {
  let open = 0;
  return async (): Promise<Connection> => {
    if (open >= state.connections) throw Object.assign(new Error('no'), { code, severity: 'FATAL' });
    open += 1;
    const broken = new AbortController().signal;
    return {
      client: null as never,
      processId: open,
      broken,
      prepared: new Set<string>(),
      [Symbol.asyncDispose]: async () => void (open -= 1),
    };
  };
}

test('a pool that cannot grow serves with the connections that it has', async () => {
  const pool = new Pool(serverThatAllows({ connections: 2 }), 10);
  let [running, most] = [0, 0];
  const work = async (): Promise<number> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    return (running -= 1);
  };
  await Promise.all(Array.from({ length: 50 }, () => pool.with(work, write)));
  expect(most).toBe(2);
});

test('it grows again when the server allows it', async () => {
  const state = { connections: 1 };
  const pool = new Pool(serverThatAllows(state), 2);
  const both = async (): Promise<number> => {
    const ends: (() => void)[] = [];
    const begun: Promise<void>[] = [];
    const work = [0, 1].map(() => {
      let begin = (): void => undefined;
      begun.push(new Promise((resolve) => (begin = resolve)));
      return pool.with(() => {
        begin();
        return new Promise<void>((resolve) => ends.push(resolve));
      }, write);
    });
    await Promise.race(begun);
    await new Promise((resolve) => setImmediate(resolve));
    const together = ends.length;
    for (let ended = 0; ended < 2; ended += 1) {
      await begun[ended];
      ends[ended]?.();
    }
    await Promise.all(work);
    return together;
  };
  expect(await both()).toBe(1);
  state.connections = 2;
  await expect.poll(both, { timeout: 5000, interval: 100 }).toBe(2);
});

test('without any connection, and for other failures, callers get the error', async () => {
  const full = new Pool(serverThatAllows({ connections: 0 }), 10);
  await expect(full.with(async () => 1, write)).rejects.toMatchObject({ code: '53300' });
  const unreachable = new Pool(serverThatAllows({ connections: 1 }, 'ECONNREFUSED'), 10);
  const first = unreachable.with(() => new Promise((resolve) => setTimeout(resolve, 50)), write);
  await expect(unreachable.with(async () => 1, write)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await first;
});

test('after disposal every call fails: one in progress whose connection breaks, those that wait, and later ones', async () => {
  const broken = new AbortController();
  const pool = new Pool(async () => connection(broken), 1);
  let begun = (): void => undefined;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  const hang = (): Promise<never> => {
    begun();
    return new Promise(() => undefined);
  };
  const settled = Promise.allSettled(Array.from({ length: 3 }, () => pool.with(hang, write)));
  await hasBegun;
  await pool[Symbol.asyncDispose]();
  broken.abort();
  expect((await settled).map((each) => (each as PromiseRejectedResult).reason.code)).toEqual([
    'CONNECTION_CLOSED',
    'CONNECTION_ENDED',
    'CONNECTION_ENDED',
  ]);
  await expect(pool.with(async () => 1, write)).rejects.toMatchObject({ code: 'CONNECTION_ENDED' });
});

test('a connection that keeps too many statements is replaced', async () => {
  const opened: Connection[] = [];
  const pool = new Pool(async () => {
    opened.push(connection(new AbortController()));
    return opened.at(-1)!;
  }, 1);
  const keep = (text: string): Promise<void> => pool.with(async ({ prepared }) => void prepared.add(text), write);
  for (let n = 0; n < 2 * maxKept; n += 1) await keep(`${n}`);
  await keep('0');
  expect(opened).toHaveLength(1);
  await keep('one more');
  await keep('0');
  expect(opened).toHaveLength(2);
});

test('a connection that opens during disposal is not used', async () => {
  let opened: (connection: Connection) => void = () => undefined;
  const pool = new Pool(() => new Promise<Connection>((resolve) => (opened = resolve)), 1);
  const call = pool.with(async () => 'used', write);
  await pool[Symbol.asyncDispose]();
  opened(connection(new AbortController()));
  await expect(call).rejects.toMatchObject({ code: 'CONNECTION_ENDED' });
});

function connection({ signal }: AbortController): Connection {
  return { client: null as never, processId: 0, broken: signal, prepared: new Set(), [Symbol.asyncDispose]: async () => undefined };
}
