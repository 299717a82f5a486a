import { ExactNumber, isJsonObject } from '../json/exact-number.ts';
import { keysOf } from '../json/keys-of.ts';
import { runToEnd } from '../json/run-to-end.ts';
import { jsonBytesInSteps } from '../json/stringify-in-steps.ts';
import { JsonTextMembers } from '../json/json-text.ts';
import { setMember } from '../json/parse-json.ts';
import { labelKeys, type EventCandidate, type EventDraft, type JsonObject, type RelatedResource, type Resource } from './event.ts';
import { maxBytesPerCodeUnit, maxScalarBytes } from './size-bounds.ts';

/**
 * The event document: the JSON form of an event in files and in all protocols except GraphQL. Its
 * resources are flat objects of labels, which include the id and the role.
 */
export function toDocument(draft: EventDraft): Readonly<Record<string, unknown>> {
  return {
    id: draft.id,
    occurred: draft.occurred,
    event: draft.event,
    resource: flatResource(draft.resource),
    related: draft.related.map(flatResource),
    payload: draft.payload ?? {},
    follows: draft.follows,
  };
}

/** Bytes of the event document as JSON in UTF-8. */
export function documentBytes(draft: EventDraft): number {
  return runToEnd(documentBytesInSteps(draft));
}

export function documentBytesInSteps(draft: EventDraft): Generator<undefined, number> {
  return jsonBytesInSteps(toDocument(draft));
}

/**
 * At least `documentBytes`, at a fraction of its time. The keys of a draft take at least as much as
 * those of its document. Counts no further than to a value above `most`.
 */
export function documentBytesUpperBound(draft: EventDraft, most = Infinity): number {
  if (!(draft instanceof JsonTextMembers)) return jsonBytesUpperBound(draft, most);
  const { id, event, follows, resource } = draft;
  const texts = jsonBytesUpperBound([id, event, follows, resource.id], most);
  return texts + maxBytesPerTextUnit * draft.jsonLength + maxOtherMemberBytes;
}

function jsonBytesUpperBound(value: unknown, most: number): number {
  if (typeof value === 'string') return maxBytesPerCodeUnit * value.length + 2;
  if (typeof value !== 'object' || value === null) return maxScalarBytes;
  if (value instanceof ExactNumber) return value.text.length;
  let bytes = 2;
  for (const key of Object.keys(value)) {
    if (bytes > most) break;
    const member = (value as Readonly<Record<string, unknown>>)[key];
    bytes += maxBytesPerCodeUnit * key.length + 4 + jsonBytesUpperBound(member, most - bytes);
  }
  return bytes;
}

/**
 * Converts an event document into the form that validation reads. Leaves wrong types unchanged for
 * validation to reject.
 */
export function fromDocument(document: Readonly<Record<string, unknown>>): EventCandidate {
  const { id, occurred, event, resource, related, payload, follows } = document;
  const left = { labels: maxCopiedLabels };
  return {
    id,
    occurred,
    event,
    resource: nestedResource(resource, primaryFields, left),
    related: isConverted(related) ? related.map((each) => nestedResource(each, relatedFields, left)) : related,
    payload,
    follows,
  };
}

/** The names of the members that `fromDocument` ignores. */
export function unknownMembers(document: Readonly<Record<string, unknown>>): readonly string[] {
  return keysOf(document).filter((name) => !knownMembers.has(name));
}

/** A member's name, short enough for a message. */
export function shortName(name: string): string {
  return name.length > maxShownCharacters ? `${name.slice(0, maxShownCharacters)}…` : name;
}

/** The members of an event document. */
export const documentMembers: readonly string[] = ['id', 'occurred', 'event', 'resource', 'related', 'payload', 'follows'];

/** Converts a path of validation into a path of the event document, in which resources are flat. */
export function documentPath(path: readonly string[]): readonly string[] {
  const [field, ...rest] = path;
  if (field === 'resource') return [field, ...labelPath(rest)];
  const [index, ...inside] = rest;
  return field === 'related' && index !== undefined ? [field, index, ...labelPath(inside)] : path;
}

function labelPath(path: readonly string[]): readonly string[] {
  const [field, ...rest] = path;
  if (field === 'id') return [labelKeys.id, ...rest];
  if (field === 'role') return [labelKeys.role, ...rest];
  return field === 'labels' ? rest : path;
}

function flatResource(resource: Resource | RelatedResource): Readonly<Record<string, string>> {
  const role = 'role' in resource ? { [labelKeys.role]: resource.role } : {};
  return { [labelKeys.id]: resource.id, ...role, ...resource.labels };
}

function isConverted(related: unknown): related is readonly unknown[] {
  return Array.isArray(related) && related.length <= maxConvertedResources;
}

/**
 * Moves the labels that are fields out of a flat resource. On a primary resource the role is an
 * ordinary label. `left`: how many labels of the document may be copied.
 */
function nestedResource(resource: unknown, fields: typeof primaryFields | typeof relatedFields, left: { labels: number }): unknown {
  if (!isJsonObject(resource)) return resource;
  const keys: readonly string[] = Object.values(fields);
  return {
    ...Object.fromEntries(Object.entries(fields).map(([field, key]) => [field, resource[key]])),
    labels: labelsOf(resource, keys, left),
  };
}

/** The members but those of `keys`; all, where no more labels may be copied. */
function labelsOf(resource: JsonObject, keys: readonly string[], left: { labels: number }): JsonObject {
  const names = left.labels < 0 ? [] : keysOf(resource);
  left.labels -= names.length;
  if (left.labels < 0) return resource;
  const labels = {};
  for (const name of names) if (!keys.includes(name)) setMember(labels, name, resource[name]);
  return labels;
}

/**
 * A UTF-16 code unit of JSON text takes at most three bytes. The names of related resources' fields are
 * longer in a document, but by less than twice the text of such a resource without its values.
 */
const maxBytesPerTextUnit = 3;
/** The time, and the names of all members. */
const maxOtherMemberBytes = 200;
/** `received` and `cursor` are in documents that were read from the log; they can be emitted unchanged. */
const knownMembers: ReadonlySet<string> = new Set([...documentMembers, 'received', 'cursor']);
const maxShownCharacters = 60;
const primaryFields = { id: labelKeys.id } as const;
const relatedFields = { id: labelKeys.id, role: labelKeys.role } as const;
/** More resources are rejected, whatever the settings say. */
const maxConvertedResources = 10_000;
/**
 * Of all resources: more than the defaults allow. Validation rejects more, or finds that those which
 * are fields have the same values as the fields.
 */
const maxCopiedLabels = 60_000;
