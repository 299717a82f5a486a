import { TidingsError } from '../../errors.ts';
import { printable } from '../terminal/format-text.ts';

/** The dimension of `tidings top`. */
export interface CountBy {
  /** The title of its column. */
  readonly title: string;
  /** The GraphQL selection of Event that it needs. */
  readonly selection: string;
  /** The key of an event, printable. */
  keyOf(event: CountedEvent): string;
}

/** An event with the fields of the selection. */
export interface CountedEvent {
  readonly event?: string;
  readonly resource?: { readonly id?: string; readonly label?: string | null };
}

/** Reads `--by`: event, resource, or label=KEY. Throws BAD_USER_INPUT. */
export function readCountBy(given: string): CountBy {
  if (given === 'event') return { title: 'event', selection: 'event', keyOf: ({ event }) => displayKey(event) };
  if (given === 'resource')
    return { title: 'resource', selection: 'resource { id: resourceId }', keyOf: ({ resource }) => displayKey(resource?.id) };
  const label = given.startsWith('label=') ? given.slice('label='.length) : '';
  if (label === '') {
    throw new TidingsError('BAD_USER_INPUT', `--by: expected event, resource or label=KEY, got ${JSON.stringify(given)}.`);
  }
  const title = printable(label);
  return {
    title,
    selection: `resource { label(key: ${JSON.stringify(label)}) }`,
    keyOf: ({ resource }) => (typeof resource?.label === 'string' ? displayKey(resource.label) : `(no ${title})`),
  };
}

function displayKey(key: string | undefined): string {
  return key === undefined || key === '' ? '(empty)' : printable(key);
}
