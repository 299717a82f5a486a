import type { Condition, ResourceTest, ValueTest } from '../filter/filter.ts';

/**
 * About the bytes of memory that a filter takes for as long as a subscription has it: its texts and
 * values, the index entries of each, and the sets and globs that its tests need.
 */
export function filterBytes(condition: Condition): number {
  switch (condition.kind) {
    case 'oneOf':
      return nodeBytes + listBytes(condition.values);
    case 'startsWith':
      return nodeBytes + listBytes(condition.prefixes);
    case 'like':
      return nodeBytes + listBytes(condition.globs) + globBytes(condition.globs);
    case 'resource':
      return nodeBytes + testBytes(condition.passes);
    case 'payload':
      return nodeBytes + condition.path.length * pathStepBytes + testBytes(condition.passes);
    case 'contains':
      return nodeBytes + 2 * textBytes(condition.searchTerm); // folded, too
    case 'during':
      return nodeBytes;
    case 'not':
      return nodeBytes + filterBytes(condition.of);
    default:
      return condition.of.reduce((total, each) => total + filterBytes(each), nodeBytes);
  }
}

function testBytes(test: ResourceTest | ValueTest): number {
  switch (test.kind) {
    case 'oneOf':
      return nodeBytes + listBytes(test.values);
    case 'startsWith':
      return nodeBytes + listBytes(test.prefixes);
    case 'like':
      return nodeBytes + listBytes(test.globs) + globBytes(test.globs);
    case 'exists':
    case 'compares':
      return nodeBytes;
    case 'not':
      return nodeBytes + testBytes(test.of);
    default:
      return test.of.reduce((total: number, each: ResourceTest | ValueTest) => total + testBytes(each), nodeBytes);
  }
}

function listBytes(values: readonly unknown[]): number {
  return values.reduce<number>((total, value) => total + indexEntryBytes + valueBytes(value), 0);
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return textBytes(value);
  if (typeof value !== 'object' || value === null) return scalarBytes;
  return Object.entries(value).reduce((total, [key, each]) => total + key.length + scalarBytes + valueBytes(each), objectBytes);
}

/** V8 takes one byte for a character of Latin-1, else two. */
export function textBytes(text: string): number {
  return scalarBytes + (isLatin1.test(text) ? text.length : 2 * text.length);
}

/** Runs of a glob with `?` are lists of characters. */
function globBytes(globs: readonly string[]): number {
  return globs.reduce((total, { length }) => total + length * globCharacterBytes, 0);
}

// eslint-disable-next-line no-control-regex
const isLatin1 = /^[\u0000-\u00ff]*$/;
const nodeBytes = 300;
const pathStepBytes = 150;
const indexEntryBytes = 200;
const scalarBytes = 24;
const objectBytes = 100;
const globCharacterBytes = 8;
/** Of a subscription besides its filter and its document: source, reader, and the operation of its socket. */
export const subscriptionBytes = 5120;
