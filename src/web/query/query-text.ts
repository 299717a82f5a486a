import type { EventFilter } from '../../client/tidings-client.ts';
import type { Condition } from './condition.ts';

/** A part of the text that is not valid: from and to are indexes of the text. */
export interface QueryProblem {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

export interface ParsedQuery {
  readonly filter: EventFilter;
  readonly problems: readonly QueryProblem[];
}

/** Reads the text of the filter box. */
export function parseQuery(text: string): ParsedQuery {
  return { filter: text.trim() === '' ? {} : { text }, problems: [] };
}

/** The text of a filter; null when no text expresses it. */
export function formatQuery(filter: EventFilter): string | null {
  return Object.keys(filter).length === 0 ? '' : (filter.text ?? null);
}

/** The text with a condition added, or with its opposite. */
export function addCondition(text: string, condition: Condition, how: 'only' | 'not'): string {
  return `${text} ${how === 'not' ? '-' : ''}${'value' in condition ? String(condition.value) : ''}`.trim();
}
