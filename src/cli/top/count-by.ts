import { TidingsError } from '../../errors.ts';
import { printable } from '../terminal/format-text.ts';

/** What events are counted by: what it needs of an event, and the key that it finds there, as it is shown. */
export interface CountBy {
  readonly heading: string;
  /** A GraphQL selection of Event. */
  readonly selection: string;
  keyOf(event: CountedEvent): string;
}

/** An event, as far as it was selected. */
export interface CountedEvent {
  readonly event?: string;
  readonly resource?: { readonly id?: string; readonly label?: string | null };
}

/** Reads `--by`: event, resource, or label=KEY. Throws BAD_USER_INPUT. */
export function readCountBy(given: string): CountBy {
  if (given === 'event') return { heading: 'event', selection: 'event', keyOf: ({ event }) => displayKey(event) };
  if (given === 'resource') return { heading: 'resource', selection: 'resource { id }', keyOf: ({ resource }) => displayKey(resource?.id) };
  const label = given.startsWith('label=') ? given.slice('label='.length) : '';
  if (label === '') {
    throw new TidingsError('BAD_USER_INPUT', `--by: expected event, resource or label=KEY, got ${JSON.stringify(given)}.`);
  }
  const heading = printable(label);
  return {
    heading,
    selection: `resource { label(key: ${JSON.stringify(label)}) }`,
    keyOf: ({ resource }) => (typeof resource?.label === 'string' ? displayKey(resource.label) : `(no ${heading})`),
  };
}

function displayKey(key: string | undefined): string {
  return key === undefined || key === '' ? '(empty)' : printable(key);
}
