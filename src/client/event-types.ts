import type { Cursor } from './follow/stream-types.ts';

export type Labels = Readonly<Record<string, string>>;
export type JsonObject = Readonly<Record<string, unknown>>;

/** The events of a program: names to schemas, or to the types of payloads. */
export type EventMap = object;
/** Any name, any payload. */
export type AnyEvents = Readonly<Record<string, JsonObject>>;

export type NameOf<M> = (keyof M & string) | (string & {});
type Types<S, D extends 'input' | 'output'> = S extends { readonly '~standard': { readonly types?: infer T } }
  ? NonNullable<T> extends Readonly<Record<D, infer P>>
    ? P
    : JsonObject
  : S;
/** What `emit` accepts as the payload of an event. */
export type PayloadIn<M, N> = N extends keyof M ? Types<M[N], 'input'> : JsonObject;
/** What an event that was stored has as its payload. */
export type PayloadOut<M, N> = N extends keyof M ? Types<M[N], 'output'> : JsonObject;

/** An event that was stored. */
export interface ReceivedEvent<N extends string = string, P = JsonObject> {
  readonly id: string;
  /** Its position in the log. */
  readonly cursor: Cursor;
  readonly event: N;
  /** UTC with microseconds, for example 2026-11-23T14:41:10.863461Z. */
  readonly occurred: string;
  readonly received: string;
  readonly resource: ResourceSnapshot;
  readonly related: readonly RelatedSnapshot[];
  readonly payload: P;
  readonly follows: string | null;
}

export interface ResourceSnapshot {
  readonly id: string;
  readonly name: string | null;
  readonly labels: Labels;
}

export interface RelatedSnapshot extends ResourceSnapshot {
  readonly role: string;
}

/**
 * The events that a filter selects: typed one by one, if it names them with `event: { in: […] }`.
 * Else any event can come, also one of another program.
 */
export type EventOf<M, F = unknown> = F extends { readonly event: { readonly in: readonly (infer N)[] } }
  ? N extends string
    ? ReceivedEvent<N, PayloadOut<M, N>>
    : never
  : ReceivedEvent;

/** How an event is emitted, besides its name. */
export interface Details<P = JsonObject> {
  /** The id of the resource that the event concerns, or the resource. */
  readonly resource: string | ResourceInput;
  /** The other resources, or their ids by role. */
  readonly related?: readonly RelatedInput[] | Readonly<Record<string, string | readonly string[]>>;
  readonly payload?: P;
  /** The event known to have occurred before this one, or its id. */
  readonly follows?: string | { readonly id: string } | null;
  /** A UUIDv7 by default. */
  readonly id?: string;
  /** Now by default, in microseconds. */
  readonly occurred?: Date | string;
}

export interface ResourceInput {
  readonly id: string;
  readonly name?: string | null;
  readonly labels?: Labels;
}

export interface RelatedInput extends ResourceInput {
  readonly role: string;
}

/** An event as it is sent and kept in an outbox. */
export interface EventInput {
  readonly id: string;
  readonly occurred: string;
  readonly event: string;
  readonly resource: ResourceInput;
  readonly related?: readonly RelatedInput[];
  readonly payload?: JsonObject;
  readonly follows?: string | null;
}

/** Fields are ANDed, values in a list are ORed. The README of the server explains every operator. */
export interface EventFilter {
  readonly id?: readonly string[];
  readonly event?: NameFilter;
  readonly resource?: ResourceFilter;
  readonly related?: readonly RelatedFilter[];
  readonly anyResource?: readonly ResourceFilter[];
  readonly payload?: readonly PayloadFilter[];
  readonly follows?: readonly string[];
  readonly occurred?: TimeRange;
  readonly received?: TimeRange;
  readonly text?: string;
  readonly and?: readonly EventFilter[];
  readonly or?: readonly EventFilter[];
  readonly not?: EventFilter;
}

export interface NameFilter {
  readonly in?: readonly string[];
  readonly notIn?: readonly string[];
  readonly startsWith?: readonly string[];
  readonly notStartsWith?: readonly string[];
  readonly like?: readonly string[];
  readonly notLike?: readonly string[];
}

export interface ResourceFilter {
  readonly id?: NameFilter;
  readonly labels?: readonly LabelFilter[];
}

export interface RelatedFilter extends ResourceFilter {
  readonly role?: readonly string[];
}

export interface LabelFilter {
  readonly key: string;
  readonly in?: readonly string[];
  readonly notIn?: readonly string[];
  readonly like?: readonly string[];
  readonly notLike?: readonly string[];
  readonly exists?: boolean;
}

export interface PayloadFilter {
  readonly path: string;
  readonly eq?: unknown;
  readonly in?: readonly unknown[];
  readonly gt?: unknown;
  readonly gte?: unknown;
  readonly lt?: unknown;
  readonly lte?: unknown;
  readonly exists?: boolean;
}

/** RFC 3339; `since` is inclusive, `until` exclusive. */
export interface TimeRange {
  readonly since?: string;
  readonly until?: string;
}
