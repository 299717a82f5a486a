import { expect, test } from 'vitest';
import { schedule, type DueStep } from '../../../src/cli/demo/schedule.ts';
import { randomOf } from '../../oracle/random.ts';

function steps(seed: number, rate: number, count: number): readonly DueStep[] {
  const choices = randomOf(seed);
  const random = (): number => choices.fraction();
  const all: DueStep[] = [];
  for (const step of schedule(random, rate, 100)) if (all.push(step) === count) break;
  return all;
}

test.each([0.5, 2, 100])('%d events a second are about as many, in the order of time', (rate) => {
  const all = steps(7, rate, 5000);
  const ms = all.reduce((sum, { waitMs }) => sum + waitMs, 0);
  expect(all.every(({ waitMs }) => waitMs >= 0)).toBe(true);
  expect(all.length / (ms / 1000) / rate).toBeGreaterThan(0.8);
  expect(all.length / (ms / 1000) / rate).toBeLessThan(1.2);
});

test('stories run side by side, each of them to its end', () => {
  const all = steps(3, 2, 2000);
  const stories = new Map<number, string[]>();
  for (const { story, step } of all) stories.set(story, [...(stories.get(story) ?? []), step.event]);
  const orders = [...stories.values()].filter(([first]) => first === 'acme.order.placed');
  const ended = orders.filter((events) => ['acme.order.delivered', 'acme.order.cancelled'].includes(events.at(-1)!));
  expect(orders.length).toBeGreaterThan(100);
  expect(orders.length - ended.length).toBeLessThan(15); // those under way at the end
  expect(new Set(ended.map((events) => events.join())).size).toBe(2);
  expect(all.some(({ story }, index) => story < (all[index - 1]?.story ?? 0))).toBe(true);
});

test('something fails now and then, and the numbers of stories make the ids of their resources', () => {
  const all = steps(5, 2, 3000);
  const share = all.filter(({ step }) => /declined|failed|locked/i.test(step.event)).length / all.length;
  expect(share).toBeGreaterThan(0.01);
  expect(share).toBeLessThan(0.2);
  for (const { step, story } of all) if (step.event === 'acme.order.placed') expect(step.resource.id).toBe(`acme.order.${10_000 + story}`);
});
