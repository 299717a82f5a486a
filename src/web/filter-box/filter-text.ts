import { computed, effect, signal } from '@preact/signals';
import { isSearch, itemTexts } from '../query/draft.ts';
import { parseQuery } from '../query/query-text.ts';
import { show, viewOf } from '../view/current-view.ts';

const query = viewOf(({ query }) => query);
const shownItems = signal<readonly string[]>([]);
const applied = signal<string | null>(null);
/** Whether a search word was applied while it was typed. */
const isWordApplied = signal(false);

/** The items of the filter, each as it is written. A search word that is being typed is not among them. */
export const items = computed(() => shownItems.value);

/** The item that is being edited in its place; null: none. */
export const editedItem = signal<number | null>(null);

/** The text behind the items. */
export const draft = signal('');

// A change from elsewhere, such as Back or a click on a value, replaces what is in the box.
effect(() => {
  if (query.value === applied.peek()) return;
  applied.value = query.value;
  shownItems.value = itemTexts(query.value);
  editedItem.value = null;
  if (isWordApplied.peek()) draft.value = '';
  isWordApplied.value = false;
});

/** Why a text cannot be applied; null if it can. */
export function problemOf(text: string): string | null {
  return parseQuery(text).problems[0]?.message ?? null;
}

/** Puts the items of a text in the place of one item, or behind the last one, and applies them. */
export function putItems(text: string, at: number | null): void {
  const index = at ?? shownItems.peek().length;
  shownItems.value = shownItems.peek().toSpliced(index, at === null ? 0 : 1, ...itemTexts(text));
  apply(shownItems.peek());
}

export function removeItem(index: number): void {
  shownItems.value = shownItems.peek().toSpliced(index, 1);
  apply(shownItems.peek());
}

export function removeAllItems(): void {
  draft.value = '';
  shownItems.value = [];
  isWordApplied.value = false;
  applied.value = '';
  show({ query: '', filter: null });
}

/**
 * Applies a search word while it is typed. The first change can be undone with Back, further ones
 * replace it.
 */
export function applyWhileTyping(): void {
  const word = draft.peek().trim();
  const isWord = isSearch(word);
  if (!isWord && !isWordApplied.peek()) return;
  const how = isWordApplied.peek() ? 'replace' : 'push';
  apply(isWord ? [...shownItems.peek(), word] : shownItems.peek(), how);
  isWordApplied.value = true;
}

function apply(texts: readonly string[], how: 'push' | 'replace' = 'push'): void {
  isWordApplied.value = false;
  applied.value = texts.join(' ');
  show({ query: applied.peek() ?? '' }, how);
}
