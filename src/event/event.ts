import type { Position } from './cursor.ts';
import { toMicros, type Instant } from './instant.ts';

/** The keys of labels that are fields of a resource. */
export const labelKeys = {
  id: 'prefect.resource.id',
  role: 'prefect.resource.role',
  name: 'prefect.resource.name',
  fallbackName: 'prefect.name',
} as const;

export type Labels = Readonly<Record<string, string>>;
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * A resource as one event describes it. `labels` exclude the id and, for a related resource, the
 * role.
 */
export interface Resource {
  readonly id: string;
  readonly labels: Labels;
}

export interface RelatedResource extends Resource {
  readonly role: string;
}

/**
 * A validated event that is not stored yet. `occurred` and `payload` are null if the client left
 * them out.
 */
export interface EventDraft {
  readonly id: string;
  readonly occurred: Instant | null;
  readonly event: string;
  readonly resource: Resource;
  readonly related: readonly RelatedResource[];
  readonly payload: JsonObject | null;
  readonly follows: string | null;
}

/** An event in the log. */
export interface StoredEvent extends EventDraft {
  readonly occurred: Instant;
  readonly payload: JsonObject;
  readonly received: Instant;
  readonly position: Position;
}

/** A part of an event that can be large, and is not read where it is not used; `labels` are those of its resource. */
export type EventPart = 'labels' | 'related' | 'payload';
export type EventParts = ReadonlySet<EventPart>;

export const allParts: EventParts = new Set<EventPart>(['labels', 'related', 'payload']);
export const allButPayload: EventParts = new Set<EventPart>(['labels', 'related']);

/** The value of a label, which may be a field; null if the resource does not have it. */
export function labelOf(resource: Resource | RelatedResource, key: string): string | null {
  if (key === labelKeys.id) return resource.id;
  if (key === labelKeys.role && 'role' in resource) return resource.role;
  if (key === labelKeys.name) return nameOf(resource);
  return ownLabel(resource.labels, key);
}

/** The name of a resource: the label prefect.resource.name, or prefect.name, or null. */
export function nameOf(resource: Resource): string | null {
  return ownLabel(resource.labels, labelKeys.name) ?? ownLabel(resource.labels, labelKeys.fallbackName);
}

/** The labels that responses contain: without the role, which is a field of its own. */
export function shownLabels(resource: Resource): Labels {
  if (!Object.hasOwn(resource.labels, labelKeys.role)) return resource.labels;
  return Object.fromEntries(Object.entries(resource.labels).filter(([key]) => key !== labelKeys.role));
}

function ownLabel(labels: Labels, key: string): string | null {
  return Object.hasOwn(labels, key) ? (labels[key] ?? null) : null;
}

/**
 * Given as `occurred`: the event occurred when it is received. No protocol can transmit this value,
 * so an event without `occurred` gets it only by `withDefaults` of `src/ingest/defaults.ts`.
 */
export const whenReceived = Symbol('when received');

/**
 * An event as a client sent it, before validation. Every adapter converts its input to this form.
 * Undefined and null mean left out.
 */
export interface EventCandidate {
  readonly id?: unknown;
  readonly occurred?: unknown;
  readonly event?: unknown;
  readonly resource?: unknown;
  readonly related?: unknown;
  readonly payload?: unknown;
  readonly follows?: unknown;
  /** Names of further members, which are problems of the event. */
  readonly unknownMembers?: readonly string[];
}

/** Whether the client's clock was ahead: the event occurred later than it was received. */
export function isClockAhead({ occurred, received }: StoredEvent): boolean {
  return occurred > received && toMicros(occurred) - toMicros(received) > maxClockAheadMicros;
}

/**
 * The time by which an event describes the newest state of a resource. An event of a clock that was
 * ahead counts from its receipt: it would hide all later states until that time.
 */
export function stateTimeOf(event: StoredEvent): Instant {
  return isClockAhead(event) ? event.received : event.occurred;
}

/** Five minutes: clocks without synchronization drift by that much in months. */
export const maxClockAheadMicros = 300_000_000n;
