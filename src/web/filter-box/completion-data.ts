import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { stringifyLossless, type CountBy, type EventFilter, type TidingsReader } from '../../client/tidings-client.ts';
import { tidings } from '../data/session.ts';
import type { Counted, Example, Known, Wanted } from '../query/completion.ts';

/**
 * What the server knows for a completion, among the events that match a filter. Empty until it is
 * loaded, and after an error.
 */
export function useKnown(wanted: Wanted, filter: EventFilter): Known {
  const among = stringifyLossless(filter);
  const base = useLoaded({ key: among, of: among, empty: nothingKnown }, (client, signal) => loadBase(client, filter, signal));
  // While an id is typed, those of its beginning stay: the text selects among them.
  const of = stringifyLossless([{ ...wanted, prefix: '' }, filter]);
  const values = useLoaded({ key: stringifyLossless([wanted, filter]), of, empty: noValues }, (client, signal) =>
    loadValues(client, { wanted, filter }, signal),
  );
  return { ...base, values };
}

type Base = Omit<Known, 'values'>;

const nothingKnown: Base = { names: [], labels: [], roles: [], paths: [], isSample: false };
const noValues: readonly Counted[] = [];

interface Wish<T> {
  readonly key: string;
  /** The value of an earlier key is of use as long as this is the same. */
  readonly of: string;
  readonly empty: T;
}

/** Loads a value again when its key or the client changes. */
function useLoaded<T>({ key, of, empty }: Wish<T>, load: (client: TidingsReader, signal: AbortSignal) => Promise<T>): T {
  const loaded = useSignal({ of, value: empty });
  const client = tidings.value;
  useEffect(() => {
    const stop = new AbortController();
    const run = async (): Promise<void> => {
      const value = await load(client, stop.signal).catch(() => null);
      if (!stop.signal.aborted && value !== null) loaded.value = { of, value };
    };
    const timer = setTimeout(() => void run(), pauseMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key, client]);
  return loaded.value.of === of ? loaded.value.value : empty;
}

/** Typing goes on meanwhile. */
const pauseMs = 80;

async function loadBase(client: TidingsReader, filter: EventFilter, signal: AbortSignal): Promise<Base> {
  const select = 'name count example';
  const [names, { eventFields }] = await Promise.all([
    countsOf(client, { by: { event: {} }, filter, first: 1000 }, signal),
    client.graphql<{
      eventFields: { labels: readonly Example[]; roles: readonly Example[]; payloadPaths: readonly Example[]; sampled: number };
    }>(
      `query Fields($filter: EventFilter) { eventFields(filter: $filter) { labels { ${select} } roles { ${select} } payloadPaths { ${select} } sampled } }`,
      { filter },
      { signal },
    ),
  ]);
  return {
    names,
    labels: eventFields.labels,
    roles: eventFields.roles,
    paths: eventFields.payloadPaths,
    isSample: eventFields.sampled >= sampleSize,
  };
}

async function loadValues(
  client: TidingsReader,
  { wanted, filter }: { readonly wanted: Wanted; readonly filter: EventFilter },
  signal: AbortSignal,
): Promise<readonly Counted[]> {
  switch (wanted.of) {
    case 'label':
      return await countsOf(client, { by: { label: { key: wanted.key } }, filter, first: 100 }, signal);
    case 'role':
      return await countsOf(client, { by: { role: { role: wanted.role } }, filter, first: 100 }, signal);
    case 'payload':
      return await countsOf(client, { by: { payload: { path: wanted.path } }, filter, first: 100 }, signal);
    case 'resources': {
      const query = 'query Ids($prefix: String) { resources(idPrefix: $prefix, first: 30) { nodes { id name } } }';
      type Response = { readonly resources: { readonly nodes: readonly { readonly id: string; readonly name: string | null }[] } };
      const { resources } = await client.graphql<Response>(query, { prefix: wanted.prefix }, { signal });
      return resources.nodes.map(({ id, name }) => ({ name: id, count: null, note: name ?? '' }));
    }
    case 'fields':
    case 'names':
    case 'nothing':
      return noValues;
    default:
      return wanted satisfies never;
  }
}

async function countsOf(
  client: TidingsReader,
  { by, filter, first }: { readonly by: CountBy; readonly filter: EventFilter; readonly first: number },
  signal: AbortSignal,
): Promise<readonly Counted[]> {
  const { buckets } = await client.counts({ by: [by], filter, first, order: 'MOST_FIRST', signal });
  return buckets.flatMap(({ keys: [name = null], count }) => (name === null ? [] : [{ name, count }]));
}

/** The default of the server. */
const sampleSize = 1000;
