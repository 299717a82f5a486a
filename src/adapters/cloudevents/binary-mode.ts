import type { IncomingMessage } from 'node:http';
import type { CloudEvent } from './map-cloud-event.ts';
import { HttpError } from '../../transport/http-error.ts';

/** Whether a request says that it is a CloudEvent in binary mode. Forms of other pages in a browser cannot send such headers. */
export function hasAttributes({ headers }: IncomingMessage): boolean {
  return Object.keys(headers).some((name) => name.startsWith(prefix));
}

/**
 * Reads a CloudEvent in binary mode: attributes are headers, percent-encoded UTF-8, the content type is that of the data, and the
 * body is the data. Throws a 422 where a header cannot be read, a 431 where there are more than were kept.
 */
export function fromHeaders(request: IncomingMessage, body: Buffer): CloudEvent {
  if (request.rawHeaders.length / 2 >= maxHeaders) throw new HttpError(431, `expected fewer than ${maxHeaders} headers`);
  const attributes = new Map<string, unknown>();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (!name.startsWith(prefix)) continue;
    const [value = '', ...more] = values ?? [];
    if (more.length > 0) throw new HttpError(422, `${name}: expected the header once, got it ${more.length + 1} times`);
    if (name === 'ce-datacontenttype') throw new HttpError(422, `${name}: expected none, since the content-type header says it`);
    attributes.set(name.slice(prefix.length), decodeHeader(name, value));
  }
  const type = request.headers['content-type'];
  if (type !== undefined) attributes.set('datacontenttype', type);
  return { attributes, data: body.length === 0 ? null : { bytes: body } };
}

/**
 * A header's value, which was quoted by older versions of the specification. Senders that do not encode are understood
 * where that leaves no doubt: a percent sign without two digits is one, and bytes beyond ASCII are UTF-8 in either case.
 */
function decodeHeader(name: string, value: string): string {
  const unquoted = /^"(?:[^"\\]|\\.)*"$/s.test(value) ? value.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : value;
  const bytes = unquoted.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1')); // Node hands on each byte as a character
  } catch {
    throw new HttpError(422, `${name}: expected percent-encoded UTF-8, got bytes that are no UTF-8`);
  }
}

const prefix = 'ce-';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Node drops those beyond without a word, and with them attributes: it allows 2,000 names and values together. */
const maxHeaders = 1000;
