import type { Column, SelectionStep } from './decoded-columns.ts';
import { labelsOf, type ColumnRef } from './column-ref.ts';
import { labelKeys } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { resourcePasses } from '../../filter/matches.ts';

/**
 * Plans a condition on the ids of related resources in any role, or of primary and related ones. It
 * reads the columns of all roles. Returns null for any other condition. An event matches if one of
 * its resources does, so each list of ids is evaluated once, not each combination of lists.
 */
export function relatedSelectionStep(condition: Condition, columnIndexOf: (column: ColumnRef) => number): SelectionStep | null {
  const negated = condition.kind === 'not';
  const positive = negated ? condition.of : condition;
  if (positive.kind !== 'resource' || positive.among === 'primary') return null;
  const { among, passes } = positive;
  // In a primary resource, the role is an ordinary label.
  const coveredLabels: readonly string[] = among === 'any' ? [labelKeys.id] : [labelKeys.id, labelKeys.role];
  if (!labelsOf(passes).every((label) => coveredLabels.includes(label))) return null;
  const relatedIndex = columnIndexOf({ kind: 'related', name: '' });
  const primaryIndex = among === 'any' ? columnIndexOf({ kind: 'resource', name: '' }) : null;
  const cache = new Map<string, Map<string, boolean>>();
  return ({ columns }, selection) => {
    if (cache.size > maxCachedTexts) cache.clear();
    const matched = new Uint8Array(selection.length);
    for (const { role, column } of columns[relatedIndex]?.roles ?? []) {
      const roleCache = cache.get(role) ?? new Map<string, boolean>();
      cache.set(role, roleCache.size < maxCachedTexts ? roleCache : new Map());
      markMatches(column, (id) => cached(roleCache, id, () => resourcePasses(passes, { id, role, labels: {} })), matched);
    }
    const primaryColumn = primaryIndex === null ? undefined : columns[primaryIndex];
    if (primaryColumn !== undefined) markMatches(primaryColumn, (id) => resourcePasses(passes, { id, labels: {} }), matched);
    for (let index = 0; index < selection.length; index += 1) if ((matched[index] === 1) === negated) selection[index] = 0;
  };
}

/** Consecutive row groups have the same texts. The caller bounds the cache. */
export function cached(cache: Map<string, boolean>, text: string, evaluate: () => boolean): boolean {
  const result = cache.get(text) ?? evaluate();
  cache.set(text, result);
  return result;
}

/** Marks the events of which an id passes. */
function markMatches({ values, codes }: Column, passes: (id: string) => boolean, matched: Uint8Array): void {
  const isMatch = values.map((value) => (typeof value === 'string' ? passes(value) : value?.some(passes) === true));
  for (let index = 0; index < matched.length; index += 1) if (isMatch[codes[index] ?? 0] === true) matched[index] = 1;
}

/**
 * Cached roles, cached ids of each, and cached values of a condition. One row group can exceed it; the next one starts with an
 * empty cache.
 */
export const maxCachedTexts = 4096;
