import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import type { BenchEvent } from './emitting.ts';

/**
 * Distinct selective filters: exact resource id, event name with label, related id with role,
 * prefix of a resource id. One in a hundred matches events, the others match none.
 */
export function selectiveFilters(events: readonly BenchEvent[]): (n: number) => EventFilterInput {
  const distinct = (values: readonly (string | undefined)[]) => [...new Set(values)].filter((value) => value !== undefined);
  const repositories = distinct(events.map(({ resource }) => resource.id));
  const owners = distinct(events.map(({ resource }) => resource.labels?.['github.owner']));
  const names = distinct(events.map(({ event }) => event));
  const actors = distinct(events.flatMap(({ related = [] }) => related.map(({ id }) => id)));
  const nth = (values: readonly string[], n: number): string => {
    const value = values[n % values.length]!;
    return n % 100 === 0 ? value : `${value.slice(0, -1)}~${n}`;
  };
  return (n) => {
    const m = Math.floor(n / 4);
    const variants: readonly EventFilterInput[] = [
      { resource: { id: { in: [nth(repositories, m)] } } },
      { event: { in: [names[m % names.length]!] }, resource: { labels: [{ key: 'github.owner', in: [nth(owners, m)] }] } },
      { related: [{ id: { in: [nth(actors, m)] }, role: ['actor'] }] },
      { resource: { id: { startsWith: [nth(repositories, m)] } } },
    ];
    return variants[n % variants.length]!;
  };
}
