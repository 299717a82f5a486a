import type { Condition } from './condition.ts';
import { readItems, type QueryItem } from './query-item.ts';
import { escapeGlob, globText, jsonText, keyText, literalText, pathText, prefixOfGlob, signed, type QueryValue } from './query-value.ts';

/**
 * The text with a condition added. `only`: events must meet it; `not`: they must not.
 *
 * The opposite condition, and excluded globs that cover the value, are removed. `only` also removes
 * other values of a field that has one value in an event. A condition that is there already stays
 * as it is.
 */
export function addCondition(text: string, condition: Condition, how: 'only' | 'not'): string {
  const added = itemOf(condition, how);
  const { items, spans } = readItems(text);
  let isThere = false;
  let place: number | null = null;
  const kept = spans.map(({ from, to }) => {
    const written = text.slice(from, to);
    const item = items.find((each) => each.from === from);
    if (item === undefined || !isSameField(item, condition)) return written;
    if (item.isExcluded === (how === 'not')) {
      if (isOnly(item, condition)) {
        isThere = true;
        return written;
      }
      if (how === 'not' || condition.is === 'related' || !isEquality(item)) return written;
    } else if (how === 'not' ? !isOnly(item, condition) : !item.values.every((value) => covers(value, condition))) {
      return written;
    }
    place ??= from;
    return null;
  });
  if (isThere) return kept.filter((each) => each !== null).join(' ');
  const at = place === null ? kept.length : spans.findIndex(({ from }) => from === place);
  return kept
    .toSpliced(at, 0, added)
    .filter((each) => each !== null)
    .join(' ');
}

/** The text without a condition and without its opposite. */
export function removeCondition(text: string, condition: Condition): string {
  const { items, spans } = readItems(text);
  const isIt = (from: number): boolean =>
    items.some((item) => item.from === from && isSameField(item, condition) && isOnly(item, condition));
  const kept = spans.filter(({ from }) => !isIt(from));
  return kept.map(({ from, to }) => text.slice(from, to)).join(' ');
}

/** Whether the text has exactly this condition, or its opposite. */
export function stateOf(text: string, condition: Condition): 'only' | 'not' | null {
  const found = readItems(text).items.find((item) => isSameField(item, condition) && isOnly(item, condition));
  return found === undefined ? null : found.isExcluded ? 'not' : 'only';
}

function itemOf(condition: Condition, how: 'only' | 'not'): string {
  return signed({ text: headOf(condition) + valueText(condition), isExcluded: how === 'not' });
}

function headOf(condition: Condition): string {
  switch (condition.is) {
    case 'related':
      return condition.role === null ? 'related:' : `related.${keyText(condition.role)}=`;
    case 'label':
      return `label.${keyText(condition.key)}=`;
    case 'payload':
      return `payload.${pathText(condition.path) ?? condition.path}=`;
    case 'event':
    case 'resource':
    case 'follows':
      return `${condition.is}:`;
    default:
      return condition satisfies never;
  }
}

function valueText(condition: Condition): string {
  if (condition.is === 'payload') return jsonText(condition.value);
  return 'isGlob' in condition && condition.isGlob ? globText(condition.value) : literalText(condition.value);
}

function isSameField(item: QueryItem, condition: Condition): boolean {
  if (item.field !== condition.is) return false;
  switch (condition.is) {
    case 'related':
      return item.key === condition.role;
    case 'label':
      return item.key === condition.key;
    case 'payload':
      return item.key !== null && pathText(item.key) === pathText(condition.path);
    default:
      return true;
  }
}

/** Whether an item has the value of the condition, and no other. */
function isOnly(item: QueryItem, condition: Condition): boolean {
  const [value, ...others] = item.values;
  return value !== undefined && others.length === 0 && isEquality(item) && sameText(value, condition);
}

function isEquality({ operator }: QueryItem): boolean {
  return operator === '=' || operator === '!=';
}

/** Whether both are written in the same way. Equal values are. */
function sameText(value: QueryValue, condition: Condition): boolean {
  return writtenValue(value, condition.is === 'payload') === valueText(condition);
}

function writtenValue(value: QueryValue, isJson: boolean): string {
  if (value.is === 'json') return jsonText(value.json);
  if (value.is === 'glob') return globText(value.glob);
  if (!isJson) return literalText(value.text);
  return value.isQuoted ? jsonText(value.text) : value.text;
}

/** Whether a value of an item selects everything that the condition selects. Can miss globs that do. */
function covers(value: QueryValue, condition: Condition): boolean {
  if (sameText(value, condition)) return true;
  const prefix = value.is === 'glob' ? prefixOfGlob(value.glob) : null;
  if (prefix === null || condition.is === 'payload') return false;
  return condition.value.startsWith('isGlob' in condition && condition.isGlob ? escapeGlob(prefix) : prefix);
}
