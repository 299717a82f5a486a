import type { EventFilter } from '../../client/tidings-client.ts';
import { filterOfItem } from './item-filter.ts';
import { readItems, type QueryProblem } from './query-item.ts';

export interface ParsedQuery {
  /** All items without a problem, ANDed. */
  readonly filter: EventFilter;
  readonly problems: readonly QueryProblem[];
  /** Which item of the text a part of the filter comes from. */
  readonly sources: readonly FilterSource[];
}

interface FilterSource {
  readonly path: readonly string[];
  readonly from: number;
  readonly to: number;
}

/**
 * Reads the text of the filter box. Never throws. Items share the fields of one EventFilter where
 * that means the same; others are entries of `and`.
 */
export function parseQuery(text: string): ParsedQuery {
  const { items, problems } = readItems(text);
  const filter: MutableFilter = {};
  const sources: FilterSource[] = [];
  const wrong: QueryProblem[] = [];
  const others: [EventFilter, { readonly from: number; readonly to: number }][] = [];
  for (const item of items) {
    const { from, to } = item;
    const part = filterOfItem(item);
    if (typeof part === 'string') {
      wrong.push({ from, to, message: part });
      continue;
    }
    const path = mergeInto(filter, part as MutableFilter);
    if (path === null) others.push([part, { from, to }]);
    else sources.push({ path, from, to });
  }
  if (others.length > 0) filter['and'] = others.map(([part]) => withoutLonePlus(part));
  others.forEach(([, span], index) => sources.push({ path: ['and', String(index)], ...span }));
  return {
    filter: withoutLonePlus(filter),
    problems: [...problems, ...wrong].toSorted((a, b) => a.from - b.from),
    sources,
  };
}

/**
 * The item that a path of the server's error leads to. `path` begins with the name of the argument,
 * such as filter.payload.0.path.
 */
export function itemAtPath({ sources }: ParsedQuery, path: readonly string[]): { readonly from: number; readonly to: number } | null {
  const inside = path.slice(1);
  const fitting = sources.filter(({ path: source }) => source.every((step, index) => step === inside[index]));
  return fitting.toSorted((a, b) => b.path.length - a.path.length)[0] ?? null;
}

type MutableFilter = { [field: string]: unknown };

/**
 * Adds a filter with a single operator to another one. Returns its path there; null, and changes
 * nothing, if the same field holds a condition that cannot be combined with it.
 */
function mergeInto(filter: MutableFilter, part: MutableFilter): readonly string[] | null {
  const [entry] = Object.entries(part);
  if (entry === undefined) return [];
  const [name, value] = entry;
  const present = filter[name];
  if (present === undefined) {
    filter[name] = value;
    return [name, ...pathInside(name, value)];
  }
  if (typeof present === 'string' && typeof value === 'string' && name === 'text') {
    const both = `${present} ${value}`;
    if (both.length > maxTextLength || (hasAlternatives(present) && hasAlternatives(value))) return null;
    filter['text'] = both;
    return ['text'];
  }
  if (Array.isArray(present) && Array.isArray(value) && lists.has(name)) {
    present.push(...(value as unknown[]));
    return [name, ...(value.length === 1 ? [String(present.length - 1)] : [])];
  }
  if (!isRecord(present) || !isRecord(value) || name === 'not') return null;
  const rest = mergeInto(present, value);
  return rest === null ? null : [name, ...rest];
}

/** Lists whose entries are ANDed: each must hold, or excludes. */
const lists = new Set(['labels', 'related', 'anyResource', 'payload', 'notIn', 'notStartsWith', 'notLike']);

function pathInside(name: string, value: unknown): readonly string[] {
  if (Array.isArray(value)) return lists.has(name) && value.length === 1 ? ['0'] : [];
  if (!isRecord(value) || name === 'not') return [];
  const [entry] = Object.entries(value);
  return entry === undefined ? [] : [entry[0], ...pathInside(entry[0], entry[1])];
}

/** Whether a text has terms of which any suffices. */
function hasAlternatives(text: string): boolean {
  return !/^[-+]/.test(text) || / [^-+]/.test(text.replaceAll(/"(?:\\["\\]|[^"])*"/g, 'x'));
}

/** One term that must occur is written without a plus. */
function withoutLonePlus(filter: EventFilter): EventFilter {
  const lone = /^\+([^\s"]+|"(?:\\["\\]|[^"])*")$/.exec(filter.text ?? '')?.[1];
  return lone === undefined ? filter : { ...filter, text: lone };
}

function isRecord(value: unknown): value is MutableFilter {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The server rejects longer texts. */
const maxTextLength = 200;
