import { expect, test } from 'vitest';
import type { Position } from '../../../src/event/cursor.ts';
import { LocalAppends } from '../../../src/log/local-appends.ts';
import type { LogSlice } from '../../../src/store/log/read-log.ts';
import { storedAs } from '../support/stored-events.ts';

const asPosition = (position: number): Position => position as Position;
const at = (...positions: readonly number[]): LogSlice => ({
  events: positions.map((position) => ({ ...storedAs({ id: 'x', event: 'a', resource: { id: 'r' } }), position: asPosition(position) })),
  bytes: positions.map(() => 10),
});
const positionsOf = (range: LogSlice | null): readonly number[] | null => range && range.events.map(({ position }) => position);

test('a range is known once an event for each of its positions was offered, in any order', () => {
  const appends = new LocalAppends({ events: 100, bytes: 1000 });
  appends.offer(at(7, 8));
  appends.offer(at(5, 6));
  expect(positionsOf(appends.range(asPosition(4), asPosition(8)))).toEqual([5, 6, 7, 8]);
  expect(positionsOf(appends.range(asPosition(5), asPosition(7)))).toEqual([6, 7]);
});

test('a range with a position that was not offered is unknown, wherever that lies', () => {
  const appends = new LocalAppends({ events: 100, bytes: 1000 });
  appends.offer(at(5, 6, 8, 9));
  for (const [after, upTo] of [
    [3, 6],
    [5, 8],
    [7, 10],
  ] as const) {
    expect(appends.range(asPosition(after), asPosition(upTo))).toBeNull();
  }
});

test('no more events are kept than the bounds permit, and passed ones make room', () => {
  const few = new LocalAppends({ events: 2, bytes: 1000 });
  few.offer(at(1, 2, 3));
  expect([positionsOf(few.range(asPosition(0), asPosition(2))), few.range(asPosition(2), asPosition(3))]).toEqual([[1, 2], null]);
  few.dropUpTo(asPosition(2));
  few.offer(at(3, 4));
  expect(positionsOf(few.range(asPosition(2), asPosition(4)))).toEqual([3, 4]);

  const small = new LocalAppends({ events: 100, bytes: 25 });
  small.offer(at(1, 2, 3));
  expect([positionsOf(small.range(asPosition(0), asPosition(2))), small.range(asPosition(2), asPosition(3))]).toEqual([[1, 2], null]);
  small.dropUpTo(asPosition(1));
  small.offer(at(3));
  expect(positionsOf(small.range(asPosition(1), asPosition(3)))).toEqual([2, 3]);
});

test('dropped events are unknown', () => {
  const appends = new LocalAppends({ events: 100, bytes: 1000 });
  appends.offer(at(1, 2));
  appends.clear();
  appends.offer(at(2));
  expect([appends.range(asPosition(0), asPosition(2)), positionsOf(appends.range(asPosition(1), asPosition(2)))]).toEqual([null, [2]]);
});
