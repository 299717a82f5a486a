/** The time range of the list: instants in UTC, or how long before now, such as -15m, -1h, -7d. */
export interface Range {
  readonly since: string | null;
  readonly until: string | null;
}

export const panels = ['event', 'chain', 'around'] as const;

/** Everything that a link to the page says. */
export interface View {
  /** The text of the filter box. */
  readonly query: string;
  /** A filter that the text cannot express, as JSON of EventFilter; it applies in addition. */
  readonly filter: string | null;
  readonly range: Range;
  /** An IANA time zone; null: that of the browser. */
  readonly zone: string | null;
  /** Label keys, and payload paths as `payload.<path>`. */
  readonly columns: readonly string[];
  /** The id of the open event. */
  readonly event: string | null;
  readonly panel: (typeof panels)[number];
  /** `log`: in the order in which events were stored. */
  readonly order: 'occurred' | 'log';
  readonly isLive: boolean;
}

export const defaultView: View = {
  query: '',
  filter: null,
  range: { since: null, until: null },
  zone: null,
  columns: [],
  event: null,
  panel: 'event',
  order: 'occurred',
  isLive: true,
};

/** Reads the query string of an address. Ignores values that it does not know. */
export function readView(search: string): View {
  const given = new URLSearchParams(search);
  const panel = given.get('v');
  return {
    query: given.get('q') ?? '',
    filter: given.get('f'),
    range: { since: given.get('since'), until: given.get('until') },
    zone: given.get('tz'),
    columns: given.get('cols')?.split(',').filter(Boolean) ?? [],
    event: given.get('e'),
    panel: panels.find((each) => each === panel) ?? 'event',
    order: given.get('order') === 'log' ? 'log' : 'occurred',
    isLive: given.get('live') !== 'off',
  };
}

/** The query string of a view; keeps parameters of `search` that belong to another version. */
export function writeView(view: View, search = ''): string {
  const parameters = new URLSearchParams(search);
  const values: Readonly<Record<string, string | null>> = {
    q: view.query || null,
    f: view.filter,
    since: view.range.since,
    until: view.range.until,
    tz: view.zone,
    cols: view.columns.join() || null,
    e: view.event,
    v: view.event === null || view.panel === 'event' ? null : view.panel,
    order: view.order === 'log' ? 'log' : null,
    live: view.isLive ? null : 'off',
  };
  for (const [name, value] of Object.entries(values)) {
    if (value === null) parameters.delete(name);
    else parameters.set(name, value);
  }
  const text = parameters.toString().replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%2C', ',');
  return text === '' ? '' : `?${text}`;
}
