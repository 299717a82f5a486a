import { fold } from './case-folding.ts';
import type { StoredEvent } from '../event/event.ts';
import { foldedText } from './searchable-text.ts';
import type { Condition } from './filter.ts';
import { needlesIn } from './aho-corasick.ts';

/**
 * Whether some text of the event contains the needle, whatever the case; `filter` is the whole that asks, and asks for its
 * other needles as well. Few needles, or a short text: String's own search is fastest. Otherwise the text is read once for
 * all needles, lest an event and a filter that are made for it stop everything else for seconds.
 */
export function contains(event: StoredEvent, needle: string, filter: Condition): boolean {
  const text = foldedText(event);
  const needles = needlesOf(filter);
  const folded = needles.get(needle) ?? fold(needle);
  return needles.size >= manyNeedles && text.length >= longText ? foundIn(event, filter).has(folded) : text.includes(folded);
}

/** Code units; fewer are searched in less time than it takes to make a table of the needles. */
const longText = 16_384;
/** Going through the table takes as long as searching for so many, at String's ordinary speed. */
const manyNeedles = 8;

/** The needles of a filter, folded. */
function needlesOf(filter: Condition): ReadonlyMap<string, string> {
  const known = foldedNeedles.get(filter);
  if (known !== undefined) return known;
  const needles = new Map(Array.from(needlesWithin(filter), (needle) => [needle, fold(needle)]));
  foldedNeedles.set(filter, needles);
  return needles;
}

const foldedNeedles = new WeakMap<Condition, ReadonlyMap<string, string>>();

function* needlesWithin(condition: Condition): Iterable<string> {
  if (condition.kind === 'contains') yield condition.needle;
  else if (condition.kind === 'not') yield* needlesWithin(condition.of);
  else if (condition.kind === 'all' || condition.kind === 'any') for (const each of condition.of) yield* needlesWithin(each);
}

/** Those of the filter's needles that a long text contains, kept for the filter that asked last. */
function foundIn(event: StoredEvent, filter: Condition): ReadonlySet<string> {
  const known = lastFound.get(event);
  if (known?.filter === filter) return known.found;
  const found = needlesIn(foldedText(event), [...new Set(needlesOf(filter).values())]);
  lastFound.set(event, { filter, found });
  return found;
}

const lastFound = new WeakMap<StoredEvent, { readonly filter: Condition; readonly found: ReadonlySet<string> }>();
