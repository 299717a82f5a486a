import { randomStory, type Random, type Step } from './stories.ts';

/** A step of a story that is due. */
export interface DueStep {
  readonly step: Step;
  /** Milliseconds from the step before, of any story. */
  readonly waitMs: number;
  /** Its story; the steps of one story follow each other. */
  readonly story: number;
}

/**
 * The steps of stories that run side by side, in the order of time, without end: about
 * `eventsPerSecond` of them. `firstNumber` makes the ids of this run differ from those of another one.
 */
export function* schedule(random: Random, eventsPerSecond: number, firstNumber: number): Generator<DueStep, never> {
  const factor = naturalRate / eventsPerSecond;
  const waiting: { readonly at: number; readonly step: Step; readonly story: number; readonly rest: readonly Step[] }[] = [];
  let [now, nextStory, number] = [0, 0, firstNumber];
  for (;;) {
    while (waiting.length === 0 || nextStory <= (waiting[0]?.at ?? 0)) {
      const [step, ...rest] = randomStory(random, number);
      if (step !== undefined) waiting.push({ at: nextStory, step, story: number, rest });
      waiting.sort((a, b) => a.at - b.at);
      number += 1;
      nextStory += storyMs * factor * (0.4 + 1.2 * random());
    }
    const due = waiting.shift();
    if (due === undefined) continue;
    const [step, ...rest] = due.rest;
    if (step !== undefined) {
      const at = due.at + step.waitMs * factor * (0.7 + 0.6 * random());
      waiting.splice(waiting.findLastIndex((each) => each.at <= at) + 1, 0, { at, step, story: due.story, rest });
    }
    yield { step: due.step, waitMs: due.at - now, story: due.story };
    now = due.at;
  }
}

/** A new story begins about every two seconds, and stories have four to five steps. */
const storyMs = 2000;
const naturalRate = 2.2;
