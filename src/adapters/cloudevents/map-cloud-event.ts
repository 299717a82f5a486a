import { documentPath, fromDocument } from '../../event/document.ts';
import { labelKeys } from '../../event/event.ts';
import type { EventLimits } from '../../event/limits.ts';
import { Problems, describeValue } from '../../event/problem.ts';
import { validateInSteps } from '../../event/validate.ts';
import type { Candidate } from '../../ingest/emitter.ts';
import { itemInSteps } from '../json-body.ts';
import { isPlainJson, payloadInSteps, type CloudEventData } from './data.ts';
import { eventIdOf, isHashed, isSource } from './event-id.ts';

/** An unchecked CloudEvent 1.0, from any content mode, without attributes that are null. */
export interface CloudEvent {
  readonly attributes: ReadonlyMap<string, unknown>;
  readonly data: CloudEventData;
}

/** A CloudEvent as an event, and a function that maps a path in the event to the CloudEvent. */
export interface Interpretation {
  readonly candidate: Candidate;
  readonly sourcePathOf: (path: readonly string[]) => readonly string[];
}

/** Reads the JSON format, of structured and batched mode. */
export function fromJsonFormat(json: Readonly<Record<string, unknown>>): CloudEvent {
  const members = Object.entries(json);
  const attributes = new Map(members.filter(([name, value]) => name !== 'data' && name !== 'data_base64' && value !== null));
  const base64 = json['data_base64'] ?? null;
  if (base64 === null) return { attributes, data: Object.hasOwn(json, 'data') ? { json: json['data'] } : null };
  if (Object.hasOwn(json, 'data')) attributes.set('data', 'beside data_base64'); // no attribute may have this name
  return { attributes, data: { base64 } };
}

/**
 * Maps a CloudEvent to an event:
 *
 *   source and id            id
 *   type                     event name
 *   time                     occurred
 *   subject, else source     id of the primary resource
 *   data                     payload
 *   follows, followssource   follows: an id, of the same source or of followssource
 *   related                  related resources, as JSON
 *   source and all others    labels of the resource, named as their headers (ce-source)
 *
 * A `datacontenttype` of plain JSON is not a label. No attribute has a default: `time` and the
 * attributes that CloudEvents requires are required.
 */
export function* interpretInSteps(
  cloudEvent: CloudEvent,
  path: readonly string[],
  limits: EventLimits,
): Generator<undefined, Interpretation> {
  const { attributes } = cloudEvent;
  const problems = new Problems();
  const reportInvalid = (fieldPath: readonly string[], expectation: string): void =>
    problems.add('INVALID', [...path, ...fieldPath], expectation);
  const reportMissing = (fieldPath: readonly string[], expectation: string): void =>
    problems.add('REQUIRED', [...path, ...fieldPath], `${expectation}, got nothing`);

  const [id, source, version] = ['id', 'source', 'specversion'].map((name) => attributes.get(name));
  if (version === undefined) reportMissing(labelPath('specversion'), 'expected 1.0');
  else if (version !== '1.0') reportInvalid(labelPath('specversion'), `expected 1.0, the supported version, got ${describeValue(version)}`);
  if (source === undefined) reportMissing(labelPath('source'), 'expected a URI reference');
  else if (!isSource(source)) reportInvalid(labelPath('source'), `expected a URI reference, without spaces, got ${describeValue(source)}`);
  const payload = yield* payloadInSteps(cloudEvent.data, asText(attributes.get('datacontenttype')));
  if ('expectation' in payload) reportInvalid(['payload'], payload.expectation);

  const eventId = isSource(source) && typeof id === 'string' && id !== '' ? eventIdOf(source, id) : id;
  const labels = labelsOf(attributes, reportInvalid);
  if (typeof eventId === 'string' && isHashed(eventId)) labels.push(['ce-id', id]);
  const event = fromDocument({
    id: eventId,
    occurred: attributes.get('time'),
    event: attributes.get('type'),
    resource: { ...Object.fromEntries(labels), [labelKeys.id]: attributes.get('subject') ?? source },
    related: yield* relatedIn(attributes.get('related'), reportInvalid),
    payload: 'payload' in payload ? payload.payload : undefined,
    follows: followsOf(attributes, reportInvalid),
  });
  const sourcePathOf = sourcePathMapper(cloudEvent, 'payload' in payload && payload.wrapped);
  if (problems.found.length === 0) return { candidate: { path, event }, sourcePathOf };
  const validation = yield* validateInSteps(event, path, limits);
  const further = 'problems' in validation ? validation.problems : [];
  const known = new Set(problems.found.map((problem) => sourcePathOf(problem.path.slice(path.length)).join('.')));
  const others = further.filter((problem) => !known.has(sourcePathOf(problem.path.slice(path.length)).join('.')));
  return { candidate: { path, problems: [...problems.found, ...others] }, sourcePathOf };
}

type ReportInvalid = (fieldPath: readonly string[], expectation: string) => void;

/** The attributes that are not fields of the event. */
function labelsOf(attributes: CloudEvent['attributes'], reportInvalid: ReportInvalid): [string, unknown][] {
  const fields = attributes.has('follows') ? [...fieldNames, 'follows', 'followssource'] : fieldNames;
  const others = [...attributes].filter(([name, value]) => !fields.includes(name) && !(name === 'datacontenttype' && isPlainJson(value)));
  return others.map(([name, value]) => {
    const text = asText(value);
    const fieldPath = labelPath(name);
    if (name === 'data' || !/^[a-z0-9]+$/.test(name)) reportInvalid(fieldPath, nameExpectation(name));
    else if (name !== 'source' && text === null)
      reportInvalid(fieldPath, `expected a string, a boolean or an integer, got ${describeValue(value)}`);
    return [`ce-${name}`, text ?? ''];
  });
}

function nameExpectation(name: string): string {
  return name === 'data'
    ? 'expected no attribute of this name; the data is given once, as data or as data_base64'
    : `expected attribute names of lower-case letters and digits, got ${describeValue(name)}`;
}

/** The text of an attribute in an HTTP header; null if its type has none. */
function asText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isSafeInteger(value)) ? String(value) : null;
}

function followsOf(attributes: CloudEvent['attributes'], reportInvalid: ReportInvalid): unknown {
  const id = asText(attributes.get('follows'));
  if (id === null || id === '') {
    if (attributes.has('follows'))
      reportInvalid(['follows'], `expected the id of a CloudEvent, got ${describeValue(attributes.get('follows'))}`);
    return undefined;
  }
  const source = attributes.get('followssource') ?? attributes.get('source');
  if (isSource(source)) return eventIdOf(source, id);
  if (attributes.has('followssource'))
    reportInvalid(labelPath('followssource'), `expected a URI reference, without spaces, got ${describeValue(source)}`);
  return undefined;
}

/** Reads the event document's `related` from a string of JSON: an attribute cannot be a list. */
function* relatedIn(value: unknown, reportInvalid: ReportInvalid): Generator<undefined, unknown> {
  if (value === undefined) return undefined;
  const read = yield* itemInSteps(Buffer.from(asText(value) ?? ''));
  if ('json' in read && Array.isArray(read.json)) return read.json;
  reportInvalid(
    ['related'],
    `expected JSON of a list such as [{"${labelKeys.id}": "acme.user.kiki", "${labelKeys.role}": "actor"}], got ${describeValue(value)}`,
  );
  return undefined;
}

/** The path of a label in an event, as validation reports it. */
function labelPath(name: string): readonly string[] {
  return ['resource', 'labels', `ce-${name}`];
}

function sourcePathMapper({ attributes, data }: CloudEvent, wrapped: boolean): Interpretation['sourcePathOf'] {
  const resourceId = attributes.has('subject') ? 'subject' : 'source';
  const dataName = data !== null && 'base64' in data ? 'data_base64' : 'data';
  return (path) => {
    const [field, ...rest] = documentPath(path);
    if (field === 'event') return ['type'];
    if (field === 'occurred') return ['time'];
    if (field === 'payload') return [dataName, ...rest.slice(wrapped ? 1 : 0)];
    if (field !== 'resource') return path.length === 0 ? [] : documentPath(path);
    const [label] = rest;
    if (label === undefined || label === labelKeys.id) return [resourceId];
    return [label.replace(/^ce-/, '')];
  };
}

const fieldNames: readonly string[] = ['id', 'specversion', 'type', 'time', 'subject', 'related'];
