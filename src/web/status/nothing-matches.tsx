import { useEffect, useState } from 'preact/hooks';
import type { EventFilter, TidingsReader } from '../../client/tidings-client.ts';
import { conditions, instants } from '../data/active-filter.ts';
import { tidings } from '../data/session.ts';
import { linkTo } from '../parts/view-link.ts';
import { readItems } from '../query/query-item.ts';
import { parseQuery } from '../query/query-text.ts';
import { printable } from '../text/printable.ts';
import { formatInstant } from '../text/time-format.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { view } from '../view/current-view.ts';
import './status.css';

/** What would match if the filter were another one. */
interface Findings {
  readonly words: string;
  /** For each condition of the filter box: the filter without it. */
  readonly without: readonly { readonly item: string; readonly query: string; readonly count: string }[];
  /** Matching events outside the time range. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Shown in place of rows when none match: the filter in words, and what would match. */
export function NothingMatches() {
  const [findings, setFindings] = useState<Findings | null>(null);
  const { query, range, zone } = view.value;
  const [filter, times, client] = [conditions.value, instants.value, tidings.value];
  useEffect(() => {
    setFindings(null);
    const stop = new AbortController();
    find({ client, query, filter, times }, stop.signal).then(
      (found) => stop.signal.aborted || setFindings(found),
      () => undefined, // the list reports what fails
    );
    return () => stop.abort();
  }, [query, filter, times, client]);
  const hasRange = range.since !== null || range.until !== null;
  return (
    <section class="nothing-matches over-list" aria-labelledby="nothing-matches">
      <h2 id="nothing-matches">No event matches</h2>
      {findings !== null && <p class="muted in-words">{printable(findings.words)}</p>}
      {hasRange && findings !== null && (
        <p class="outside-range">
          {findings.before === null && findings.after === null
            ? 'No event outside the time range matches either.'
            : 'Outside the time range:'}
          {findings.before !== null && <Nearest instant={findings.before} zone={zone} name="the latest before it" />}
          {findings.after !== null && <Nearest instant={findings.after} zone={zone} name="the first after it" />}
          <a class="button" {...linkTo({ range: { since: null, until: null } })}>
            All times
          </a>
        </p>
      )}
      {findings !== null && findings.without.length > 0 && (
        <table class="without">
          <caption class="section-title">Without one condition</caption>
          <tbody>
            {findings.without.map(({ item, query: rest, count }) => (
              <tr key={item}>
                <td>
                  <code>{printable(item)}</code>
                </td>
                <td class="number">{count}</td>
                <td>
                  <a class="button" aria-label={`Remove ${item}`} {...linkTo({ query: rest })}>
                    Remove
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Nearest({ instant, zone, name }: { readonly instant: string; readonly zone: string | null; readonly name: string }) {
  const { date, time } = formatInstant(instant, zoneOrLocal(zone));
  const at = Date.parse(instant);
  const range = { since: new Date(at - aroundMs).toISOString(), until: new Date(at + aroundMs).toISOString() };
  return (
    <a class="button" {...linkTo({ range })}>
      {name}, {date} {time}
    </a>
  );
}

interface Question {
  readonly client: TidingsReader;
  readonly query: string;
  readonly filter: EventFilter;
  readonly times: { readonly since?: string; readonly until?: string };
}

async function find({ client, query, filter, times }: Question, signal: AbortSignal): Promise<Findings> {
  const occurred = Object.keys(times).length === 0 ? {} : { occurred: times };
  const count = async (other: EventFilter): Promise<string> => {
    const page = await client.page({ filter: { and: [other, occurred] }, first: 0, select: 'id', countUpTo: 10_000, signal });
    const { count: found = 0, exceeded = false } = page.totalCount ?? {};
    return exceeded ? `over ${found.toLocaleString('en')} events` : found === 1 ? '1 event' : `${found.toLocaleString('en')} events`;
  };
  const nearest = async (range: EventFilter | null, order: 'NEWEST_FIRST' | 'OLDEST_FIRST'): Promise<string | null> => {
    if (range === null) return null;
    const page = await client.page({ filter: { and: [filter, range] }, first: 1, order, select: 'occurred', signal });
    return page.nodes[0]?.occurred ?? null;
  };
  const items = readItems(query).spans.slice(0, maxItems);
  const [explanation, before, after, ...counts] = await Promise.all([
    client.explain({ and: [filter, occurred] }, { signal }),
    nearest(times.since === undefined ? null : { occurred: { until: times.since } }, 'NEWEST_FIRST'),
    nearest(times.until === undefined ? null : { occurred: { since: times.until } }, 'OLDEST_FIRST'),
    ...items.map(({ from, to }) => count(parseQuery(without(query, from, to)).filter)),
  ]);
  const rest = items.map(({ from, to }, index) => ({
    item: query.slice(from, to),
    query: without(query, from, to),
    count: counts[index] ?? '',
  }));
  return { words: explanation.description, without: rest, before, after };
}

function without(query: string, from: number, to: number): string {
  return `${query.slice(0, from).trimEnd()} ${query.slice(to).trimStart()}`.trim();
}

/** Each costs a count. */
const maxItems = 8;
const aroundMs = 15 * 60_000;
