import { expect, test } from 'vitest';
import type { Position } from '../../../src/event/cursor.ts';
import { OwnEvents } from '../../../src/log/local-appends.ts';
import type { Stretch } from '../../../src/store/log/read-log.ts';
import { storedAs } from '../support/stored-events.ts';

const place = (position: number): Position => position as Position;
const at = (...places: readonly number[]): Stretch => ({
  events: places.map((position) => ({ ...storedAs({ id: 'x', event: 'a', resource: { id: 'r' } }), position: place(position) })),
  bytes: places.map(() => 10),
});
const placesOf = (stretch: Stretch | null): readonly number[] | null => stretch && stretch.events.map(({ position }) => position);

test('a stretch is known when an event for every place was offered, in whatever order', () => {
  const own = new OwnEvents({ events: 100, bytes: 1000 });
  own.offer(at(7, 8));
  own.offer(at(5, 6));
  expect(placesOf(own.stretch(place(4), place(8)))).toEqual([5, 6, 7, 8]);
  expect(placesOf(own.stretch(place(5), place(7)))).toEqual([6, 7]);
});

test('a stretch with a place that was not offered is not known, wherever it lies', () => {
  const own = new OwnEvents({ events: 100, bytes: 1000 });
  own.offer(at(5, 6, 8, 9));
  for (const [after, upTo] of [
    [3, 6],
    [5, 8],
    [7, 10],
  ] as const) {
    expect(own.stretch(place(after), place(upTo))).toBeNull();
  }
});

test('no more is kept than the bounds allow, and what was passed makes room', () => {
  const few = new OwnEvents({ events: 2, bytes: 1000 });
  few.offer(at(1, 2, 3));
  expect([placesOf(few.stretch(place(0), place(2))), few.stretch(place(2), place(3))]).toEqual([[1, 2], null]);
  few.passed(place(2));
  few.offer(at(3, 4));
  expect(placesOf(few.stretch(place(2), place(4)))).toEqual([3, 4]);

  const small = new OwnEvents({ events: 100, bytes: 25 });
  small.offer(at(1, 2, 3));
  expect([placesOf(small.stretch(place(0), place(2))), small.stretch(place(2), place(3))]).toEqual([[1, 2], null]);
  small.passed(place(1));
  small.offer(at(3));
  expect(placesOf(small.stretch(place(1), place(3)))).toEqual([2, 3]);
});

test('what was let go of is not known any more', () => {
  const own = new OwnEvents({ events: 100, bytes: 1000 });
  own.offer(at(1, 2));
  own.clear();
  own.offer(at(2));
  expect([own.stretch(place(0), place(2)), placesOf(own.stretch(place(1), place(2)))]).toEqual([null, [2]]);
});
