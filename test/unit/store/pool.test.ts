import { expect, test } from 'vitest';
import type { Connection } from '../../../src/store/database/connection.ts';
import { Pool } from '../../../src/store/database/pool.ts';

test('after disposal every call fails: one in progress whose connection breaks, those that wait, and later ones', async () => {
  const broken = new AbortController();
  const pool = new Pool(async () => connection(broken), 1);
  let begun = (): void => undefined;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  const hang = (): Promise<never> => {
    begun();
    return new Promise(() => undefined);
  };
  const settled = Promise.allSettled(Array.from({ length: 3 }, () => pool.with(hang)));
  await hasBegun;
  await pool[Symbol.asyncDispose]();
  broken.abort();
  expect((await settled).map((each) => (each as PromiseRejectedResult).reason.code)).toEqual([
    'CONNECTION_CLOSED',
    'CONNECTION_ENDED',
    'CONNECTION_ENDED',
  ]);
  await expect(pool.with(async () => 1)).rejects.toMatchObject({ code: 'CONNECTION_ENDED' });
});

test('a connection that opens during disposal is not used', async () => {
  let opened: (connection: Connection) => void = () => undefined;
  const pool = new Pool(() => new Promise<Connection>((resolve) => (opened = resolve)), 1);
  const call = pool.with(async () => 'used');
  await pool[Symbol.asyncDispose]();
  opened(connection(new AbortController()));
  await expect(call).rejects.toMatchObject({ code: 'CONNECTION_ENDED' });
});

function connection({ signal }: AbortController): Connection {
  return { client: null as never, broken: signal, [Symbol.asyncDispose]: async () => undefined };
}
