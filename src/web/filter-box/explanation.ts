import { computed, effect, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { TidingsError, type EventFilter, type TidingsReader } from '../../client/tidings-client.ts';
import { activeFilter, conditions } from '../data/active-filter.ts';
import { noteRejection } from '../data/server-info.ts';
import { tidings } from '../data/session.ts';
import { itemAtPath, parseQuery } from '../query/query-text.ts';
import { view, viewOf } from '../view/current-view.ts';

/** The filter as the server understands it. */
export interface FilterExplanation {
  /** In words. */
  readonly description: string;
  /** How many events match in the time range. */
  readonly estimate: { readonly count: number; readonly exact: boolean };
  /** The filter that it explains. */
  readonly of: EventFilter;
}

const query = viewOf(({ query }) => query);
const explained = signal<FilterExplanation | null>(null);
const rejection = signal<{ readonly query: string; readonly error: TidingsError } | null>(null);

/** Null: not known. While a change is being explained, the explanation before it. */
export const explanation = computed(() => explained.value);

/** Whether the explanation is that of an earlier filter. */
export const isExplanationStale = computed(() => explained.value?.of !== activeFilter.value);

/** Why the server does not accept the filter; null if it does. */
export const filterRejection = computed(() => (rejection.value?.query === query.value ? rejection.value.error : null));

/** The problems of the items, by the text of the item: those of the text, and that of the server. */
export const problemsOfItems = computed<ReadonlyMap<string, string>>(() => {
  const text = query.value;
  const parsed = parseQuery(text);
  const problems = new Map(parsed.problems.map(({ from, to, message }) => [text.slice(from, to), message]));
  const sentence = filterRejection.value?.message ?? '';
  const [, path = ''] = /^(filter(?:\.\w+)*): /.exec(sentence) ?? [];
  const steps = path.split('.');
  // With a filter as JSON beside it, the text is the first part of a conjunction.
  const item = itemAtPath(parsed, view.value.filter === null ? steps : ['filter', ...steps.slice(3)]);
  if (path !== '' && item !== null) problems.set(text.slice(item.from, item.to), sentence.slice(path.length + 2));
  return problems;
});

/** Asks the server to explain the filter whenever it changes. */
export function useExplanation(): void {
  const words = conditions.value;
  const whole = activeFilter.value;
  const client = tidings.value;
  useEffect(() => {
    const stop = new AbortController();
    void explain({ client, words, whole }, stop.signal);
    return () => stop.abort();
  }, [words, whole, client]);
}

interface Question {
  readonly client: TidingsReader;
  readonly words: EventFilter;
  readonly whole: EventFilter;
}

async function explain({ client, words, whole }: Question, signal: AbortSignal): Promise<void> {
  try {
    const [{ description }, { estimate }] = await Promise.all([client.explain(words, { signal }), client.explain(whole, { signal })]);
    if (signal.aborted) return;
    explained.value = { description, estimate, of: whole };
    rejection.value = null;
  } catch (error) {
    if (signal.aborted) return;
    explained.value = null;
    if (noteRejection(error) || !(error instanceof TidingsError)) return;
    if (error.isTemporary) {
      const timer = setTimeout(() => void explain({ client, words, whole }, signal), error.retryAfterMs ?? defaultRetryMs);
      signal.addEventListener('abort', () => clearTimeout(timer));
    } else if (error.code === 'BAD_FILTER' || error.code === 'LIMIT_EXCEEDED') {
      rejection.value = { query: query.peek(), error };
    }
  }
}

const defaultRetryMs = 2000;

/** Whether there are events about keys and rejected access, which the server itself emits. */
export const hasOwnEvents = signal(false);

effect(() => void findOwnEvents(tidings.value));

async function findOwnEvents(client: TidingsReader): Promise<void> {
  const found = await client.explain({ event: { startsWith: ['tidings.'] } }).catch(() => null);
  if (client === tidings.peek()) hasOwnEvents.value = found !== null && found.estimate.count > 0;
}
