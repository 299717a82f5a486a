import type { EventInput } from '../event-types.ts';
import { TidingsError, type UserError } from '../wire/client-error.ts';
import { ExactNumber, stringifyLossless } from '../wire/lossless-json.ts';

/** The limits of a server that concern one event (`service { limits }`). */
export type ServerLimits = Readonly<Record<(typeof limitNames)[number], number>>;

export const limitNames = [
  'batchEvents',
  'bodyBytes',
  'eventIdLength',
  'eventNameLength',
  'resourceIdLength',
  'roleLength',
  'labelKeyLength',
  'labelValueLength',
  'labelsPerResource',
  'relatedResources',
  'eventBytes',
  'payloadDepth',
] as const;

/** Before the server has reported its limits. Events are checked again when it has. */
export const unknownLimits = Object.fromEntries(
  limitNames.map((name) => [name, name === 'payloadDepth' ? 1000 : Infinity]),
) as ServerLimits;

/**
 * The error of an event that the server would reject; null if it would not, as far as can be known
 * here. Uses the words of the server.
 */
export function checkEvent(event: EventInput, text: string, limits: ServerLimits): TidingsError | null {
  const problems: UserError[] = [];
  const add = (code: string, field: readonly string[], expectation: string): void => {
    problems.push({ code, field, message: [field.join('.'), expectation].filter((part) => part !== '').join(': ') });
  };
  const storable = (value: string, field: readonly string[]): void => {
    const found = value.includes('\0') ? 'the character U+0000, which cannot be stored' : 'a lone surrogate, which is not Unicode text';
    if (value.includes('\0') || !value.isWellFormed()) add('INVALID', field, `the string has ${found}`);
  };
  const label = (value: unknown, field: readonly string[], max: number): void => {
    if (typeof value !== 'string') return add('INVALID', field, `expected a string, got ${shown(value)}`);
    if (value.length > max && Array.from(value).length > max) return add('TOO_LONG', field, `expected at most ${max} characters, got more`);
    storable(value, field);
  };
  const name = (value: unknown, field: readonly string[], max: number): void => {
    if (value === undefined || value === null) return add('REQUIRED', field, 'expected a non-empty string, got nothing');
    if (value === '') return add('REQUIRED', field, 'expected a non-empty string, got an empty one');
    label(value, field, max);
  };
  const resource = (value: EventInput['resource'], field: readonly string[]): void => {
    if (value === undefined || value === null) return add('REQUIRED', field, 'expected an object, got nothing');
    if ('role' in value) name(value.role, [...field, 'role'], limits.roleLength);
    name(value.id, [...field, 'id'], limits.resourceIdLength);
    const labels = Object.entries(value.labels ?? {});
    const count = labels.length + (typeof value.name === 'string' && value.labels?.['prefect.resource.name'] === undefined ? 1 : 0);
    if (count > limits.labelsPerResource) {
      return add(
        'TOO_MANY',
        [...field, 'labels'],
        `expected at most ${limits.labelsPerResource} labels, the name among them, got ${count}`,
      );
    }
    for (const [key, each] of labels) {
      name(key, [...field, 'labels', key], limits.labelKeyLength);
      label(each, [...field, 'labels', key], limits.labelValueLength);
    }
    if (value.name !== undefined && value.name !== null) label(value.name, [...field, 'name'], limits.labelValueLength);
  };
  const payload = (value: unknown, field: readonly string[]): void => {
    if (typeof value === 'string') return storable(value, field);
    if (typeof value !== 'object' || value === null || value instanceof ExactNumber || value instanceof Date) return;
    if (field.length > limits.payloadDepth)
      return add('INVALID', field.slice(0, maxShownKeys), `expected at most ${limits.payloadDepth} levels, got more`);
    for (const [key, each] of Object.entries(value)) {
      if (!Array.isArray(value)) storable(key, [...field, key]);
      payload(each, [...field, key]);
    }
  };

  name(event.id, ['id'], limits.eventIdLength);
  name(event.event, ['event'], limits.eventNameLength);
  resource(event.resource, ['resource']);
  const related = event.related ?? [];
  if (related.length <= limits.relatedResources) related.forEach((each, index) => resource(each, ['related', String(index)]));
  else add('TOO_MANY', ['related'], `expected at most ${limits.relatedResources} related resources, got ${related.length}`);
  if (event.payload !== undefined && event.payload !== null) {
    if (typeof event.payload !== 'object' || Array.isArray(event.payload)) {
      add('INVALID', ['payload'], `expected a JSON object, got ${shown(event.payload)}`);
    } else if (unstorable.test(text) || text.split(/[[{]/).length > limits.payloadDepth) {
      payload(event.payload, ['payload']); // else there is nothing to find
    }
  }
  if (event.follows !== undefined && event.follows !== null) name(event.follows, ['follows'], limits.eventIdLength);
  if (problems.length === 0 && text.length * maxGrowth > limits.eventBytes) {
    const bytes = documentBytes(event);
    if (bytes > limits.eventBytes) add('TOO_LARGE', [], `expected at most ${limits.eventBytes} bytes of JSON, got ${bytes}`);
  }
  return problems.length === 0 ? null : rejectedEvent(problems);
}

export function rejectedEvent(userErrors: readonly UserError[]): TidingsError {
  const more = userErrors.length > 1 ? ` (and ${userErrors.length - 1} more)` : '';
  return new TidingsError('EVENT_REJECTED', `${userErrors[0]?.message ?? 'The server gave no reason.'}${more}`, { userErrors });
}

/** The size that the server measures: that of the event document. */
function documentBytes({ id, occurred, event, resource, related = [], payload = {}, follows = null }: EventInput): number {
  const document = { id, occurred, event, resource: flat(resource), related: related.map(flat), payload, follows };
  return new TextEncoder().encode(stringifyLossless(document)).length;
}

function flat({ id, name, labels, ...role }: EventInput['resource']): object {
  return {
    'prefect.resource.id': id,
    ...('role' in role && { 'prefect.resource.role': role.role }),
    ...labels,
    ...(name !== undefined && name !== null && { 'prefect.resource.name': name }),
  };
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  return typeof value === 'number' || typeof value === 'boolean' ? `the ${typeof value} ${value}` : `a ${typeof value}`;
}

/** In the JSON of strings that cannot be stored, among others. */
const unstorable = /\\u(?:0000|d[89a-f])/;
/** Of a path in a payload that is too deep. */
const maxShownKeys = 19;
/** Bytes of UTF-8 for a code unit, and as much again for the longer names of a document. */
const maxGrowth = 6;
