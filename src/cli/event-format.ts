import { styleText } from 'node:util';
import { documentSelection, eventDocument, type DocumentedEvent } from '../client/tidings-client.ts';
import { printable } from './terminal/format-text.ts';

/** An output format of events. */
export interface EventFormat<T> {
  /** The GraphQL selection of Event that it needs. */
  readonly selection: string;
  line(event: T): string;
}

export interface ReadableEvent {
  readonly occurred: string;
  readonly event: string;
  readonly resource: { readonly id: string; readonly name: string | null };
  readonly related: readonly { readonly role: string; readonly id: string; readonly name: string | null }[];
}

/**
 * One line for people: time in UTC, event, resource, related resources. Columns grow with their
 * content up to `maxColumnWidth`.
 */
export function readableFormat(coloured: boolean): EventFormat<ReadableEvent> {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string => (coloured ? styleText(style, text) : text);
  const widths = [28, 28];
  const column = (at: 0 | 1, text: string): string => {
    widths[at] = Math.max(widths[at] ?? 0, Math.min(text.length, maxColumnWidth));
    return ' '.repeat(Math.max((widths[at] ?? 0) - text.length, 0));
  };
  return {
    selection: 'occurred event resource { id: resourceId name } related { role id: resourceId name }',
    line({ occurred, event, resource, related }) {
      const name = printable(event);
      const subject = displayName(resource);
      const others = related.map((each) => `${paint('dim', `${printable(each.role)}=`)}${displayName(each)}`);
      const time = paint('dim', `${occurred.slice(0, 'YYYY-MM-DDThh:mm:ss.mmm'.length)}Z`);
      const start = `${time}  ${paint('cyan', name)}${column(0, name)}  ${paint('bold', subject)}`;
      return others.length === 0 ? start : `${start}${column(1, subject)}  ${others.join(' ')}`;
    },
  };
}

/** The event document, with `received` and `cursor`. */
export const documentFormat: EventFormat<DocumentedEvent> = { selection: documentSelection, line: eventDocument };

function displayName({ id, name }: { readonly id: string; readonly name: string | null }): string {
  return printable(name === null || name === '' ? id : name);
}

const maxColumnWidth = 44;
