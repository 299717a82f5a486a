import { effect, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EventFilter, TidingsReader } from '../../client/tidings-client.ts';
import { activeFilter } from '../data/active-filter.ts';
import { noteRejection } from '../data/server-info.ts';
import { tidings } from '../data/session.ts';

/** A label key, a role or a payload path of the newest matching events. */
export interface EventField {
  readonly name: string;
  /** The number of sampled events that have it. */
  readonly count: number;
  readonly example: unknown;
}

export interface EventFields {
  readonly sampled: number;
  readonly labels: readonly EventField[];
  readonly roles: readonly EventField[];
  readonly payloadPaths: readonly EventField[];
}

interface FieldsState {
  /** Null: not known yet. */
  readonly fields: EventFields | null;
  readonly isBusy: boolean;
  readonly error: string | null;
}

/** Which label keys, roles and payload paths the newest matching events have. */
export const eventFields = signal<FieldsState>({ fields: null, isBusy: false, error: null });

let users = 0;
let stop: (() => void) | null = null;

/** Asks for the fields while the component is shown. All components share one request. */
export function useEventFields(): void {
  useEffect(() => {
    users += 1;
    stop ??= followFields();
    return () => {
      users -= 1;
      if (users === 0) {
        stop?.();
        stop = null;
      }
    };
  }, []);
}

function followFields(): () => void {
  return effect(() => {
    const client = tidings.value;
    const filter = activeFilter.value;
    const stop = new AbortController();
    eventFields.value = { ...eventFields.peek(), isBusy: true, error: null };
    void load(client, filter, stop.signal);
    return () => stop.abort();
  });
}

async function load(client: TidingsReader, filter: EventFilter, signal: AbortSignal): Promise<void> {
  try {
    const { eventFields: fields } = await client.graphql<{ eventFields: EventFields }>(document, { filter }, { signal });
    if (!signal.aborted) eventFields.value = { fields, isBusy: false, error: null };
  } catch (error) {
    if (signal.aborted) return;
    noteRejection(error);
    eventFields.value = { fields: null, isBusy: false, error: (error as Error).message };
  }
}

const document = `query Fields($filter: EventFilter) { eventFields(filter: $filter) {
  sampled labels { ...f } roles { ...f } payloadPaths { ...f } } } fragment f on EventField { name count example }`;
