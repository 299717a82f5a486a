import { describeValue } from '../../event/problem.ts';
import { isJsonObject } from '../../json/exact-number.ts';
import { itemInSteps } from '../json-body.ts';

/** The data of a CloudEvent as received: none, a JSON value, bytes, or unchecked Base64. */
export type CloudEventData = null | { readonly json: unknown } | { readonly bytes: Buffer } | { readonly base64: unknown };

/**
 * A payload, undefined without data, or the problem of the data. `wrapped`: the data is not a JSON
 * object, so the payload is an object that contains it.
 */
export type PayloadReading = { readonly payload: unknown; readonly wrapped: boolean } | { readonly expectation: string };

/**
 * Returns the payload for data of a media type. A JSON object is the payload itself; other JSON and
 * text become `{"data": …}`; other bytes become `{"data_base64": "…"}`, as in CloudEvents' JSON.
 *
 * Guarantees: bytes are interpreted by their media type alone, and without one as JSON, else as
 * text, else as bytes. So an event has the same payload in every content mode.
 */
export function* payloadInSteps(data: CloudEventData, contentType: string | null): Generator<undefined, PayloadReading> {
  if (data === null) return { payload: undefined, wrapped: false };
  if ('json' in data) return fromJson(data.json);
  if ('bytes' in data) return yield* fromBytes(data.bytes, contentType);
  if (typeof data.base64 !== 'string') return { expectation: `expected a string of Base64, got ${describeValue(data.base64)}` };
  const bytes = Buffer.from(data.base64, 'base64');
  yield;
  if (bytes.toString('base64') !== data.base64)
    return { expectation: `expected Base64, padded and on one line, got ${describeValue(data.base64)}` };
  yield;
  return yield* fromBytes(bytes, contentType);
}

/** Whether a media type means the same as a missing one. */
export function isPlainJson(contentType: unknown): boolean {
  return typeof contentType === 'string' && /^application\/json(\s*;\s*charset="?utf-8"?)?$/i.test(contentType);
}

function fromJson(json: unknown): PayloadReading {
  return isJsonObject(json) ? { payload: json, wrapped: false } : { payload: { data: json }, wrapped: true };
}

function* fromBytes(bytes: Buffer, contentType: string | null): Generator<undefined, PayloadReading> {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === '') return yield* fromUnlabelled(bytes);
  if (jsonTypes.test(type)) {
    const item = yield* itemInSteps(bytes);
    return 'json' in item ? fromJson(item.json) : { expectation: `expected JSON because of its content type, got ${item.notJson}` };
  }
  const text = textTypes.test(type) && isUtf8(contentType ?? '') ? textOf(bytes) : null;
  return fromText(text, bytes);
}

function* fromUnlabelled(bytes: Buffer): Generator<undefined, PayloadReading> {
  const item = yield* itemInSteps(bytes);
  if ('json' in item) return fromJson(item.json);
  const text = textOf(bytes);
  return fromText(text?.includes('\0') === true ? null : text, bytes); // a text with U+0000 cannot be stored
}

function fromText(text: string | null, bytes: Buffer): PayloadReading {
  return { payload: text === null ? { data_base64: bytes.toString('base64') } : { data: text }, wrapped: true };
}

function isUtf8(contentType: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8';
  return charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';
}

function textOf(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const jsonTypes = /^[^/]+\/([^/]+\+)?json$/;
const textTypes = /^(text\/.+|[^/]+\/([^/]+\+)?(xml|yaml)|application\/x-www-form-urlencoded)$/;
