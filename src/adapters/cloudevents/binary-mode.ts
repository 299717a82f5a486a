import type { IncomingMessage } from 'node:http';
import { describeValue } from '../../event/problem.ts';
import { HttpError } from '../../transport/http-error.ts';
import type { CloudEvent } from './map-cloud-event.ts';

/**
 * Whether a request has the headers of a CloudEvent in binary mode. Forms of other web pages cannot
 * send such headers.
 */
export function hasAttributes({ headers }: IncomingMessage): boolean {
  return Object.keys(headers).some((name) => name.startsWith(prefix));
}

/**
 * Reads a CloudEvent in binary mode. The attributes are headers in percent-encoded UTF-8, the body
 * is the data, and the content type is that of the data. Throws a 422 for a header that cannot be
 * read, and a 431 if Node may have dropped headers.
 */
export function fromHeaders(request: IncomingMessage, body: Buffer): CloudEvent {
  if (request.rawHeaders.length / 2 >= maxHeaders) throw new HttpError(431, `expected fewer than ${maxHeaders} headers`);
  const attributes = new Map<string, unknown>();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (!name.startsWith(prefix)) continue;
    const [value = '', ...more] = values ?? [];
    if (more.length > 0) throw new HttpError(422, `${name}: expected the header once, got it ${more.length + 1} times`);
    attributes.set(name.slice(prefix.length), decodeHeader(name, value));
  }
  const type = request.headers['content-type'];
  const named = attributes.get('datacontenttype');
  if (type !== undefined && typeof named === 'string' && comparable(named) !== comparable(type)) {
    throw new HttpError(
      422,
      `${prefix}datacontenttype: expected none, or the value of the content-type header, got ${describeValue(named)}`,
    );
  }
  if (type !== undefined) attributes.set('datacontenttype', type);
  return { attributes, data: body.length === 0 ? null : { bytes: body } };
}

/** Media types are equal without regard to case and to white space around their parameters. */
function comparable(mediaType: string): string {
  return mediaType
    .toLowerCase()
    .replaceAll(/\s*([;=])\s*/g, '$1')
    .trim();
}

/** The JSON format of a CloudEvent in binary mode, with its data in Base64. */
export function toJsonFormat({ attributes, data }: CloudEvent): string {
  const bytes = data !== null && 'bytes' in data ? { data_base64: data.bytes.toString('base64') } : {};
  return JSON.stringify({ ...Object.fromEntries(attributes), ...bytes });
}

/**
 * Decodes a header. Older versions of the specification quoted values. Values of senders that do
 * not encode are accepted too: a percent sign without two digits stands for itself, and bytes
 * beyond ASCII are UTF-8.
 */
function decodeHeader(name: string, value: string): string {
  const unquoted = /^"(?:[^"\\]|\\.)*"$/s.test(value) ? value.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : value;
  const bytes = unquoted.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1')); // Node returns each byte as a character
  } catch {
    throw new HttpError(422, `${name}: expected percent-encoded UTF-8, got bytes that are not UTF-8`);
  }
}

const prefix = 'ce-';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Node silently drops headers, and so attributes, beyond 2,000 names and values together. */
const maxHeaders = 1000;
