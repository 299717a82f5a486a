import { describe, expect, test } from 'vitest';
import { textOf } from '../support/examples.ts';
import { allMetrics, ownMetrics, type DescribedMetric } from './support/pages.ts';

const dashboard = JSON.parse(textOf('src/server/grafana.json'));
const panels: any[] = dashboard.panels.filter(({ type }: any) => type !== 'row');
const queries: string[] = panels.flatMap(({ targets }) => targets.map(({ expr }: any) => expr));

describe('the metrics', () => {
  test.each(ownMetrics)('$name has a name by the rules of Prometheus, and a sentence', ({ name, type, help }) => {
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/^[A-Z].*\.$/);
  });

  test.each(ownMetrics)('$name has labels with few values', ({ labelNames }) => {
    // Values that clients send must not become labels.
    const bounded = new Set(['status', 'protocol', 'reason', 'index', 'code', 'operation', 'kind', 'direction']);
    expect(labelNames.filter((label) => !bounded.has(label))).toEqual([]);
  });
});

describe('the dashboard', () => {
  const named = new Set(queries.flatMap((query) => [...query.matchAll(/[a-z_][a-z0-9_]*(?=\{)/g)].map(([name]) => name)));
  const suffixes = { histogram: ['_bucket', '_sum', '_count'], counter: [''], gauge: [''], summary: [''] } as Record<string, string[]>;
  const series = (metrics: readonly DescribedMetric[]) =>
    metrics.map(({ name, type }) => ({ name, series: suffixes[type]!.map((suffix) => `${name}${suffix}`) }));

  test('shows every metric', () => {
    const missing = series(ownMetrics).filter((metric) => !metric.series.some((name) => named.has(name)));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  test('queries only metrics and labels that exist', () => {
    const known = new Set(series(allMetrics).flatMap((metric) => metric.series));
    expect(named.size).toBeGreaterThan(ownMetrics.length);
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
    const labels = queries.flatMap((query) => [...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/,\s*/)));
    const knownLabels = new Set([...allMetrics.flatMap(({ labelNames }) => labelNames), 'instance', 'le']);
    expect(labels.filter((label) => !knownLabels.has(label))).toEqual([]);
  });

  test('has balanced queries, panels that do not overlap, and distinct ids', () => {
    for (const query of queries)
      expect([...query].filter((each) => '([{'.includes(each)).length, query).toBe(
        [...query].filter((each) => ')]}'.includes(each)).length,
      );
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }: any) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(dashboard.panels.map(({ id }: any) => id)).size).toBe(dashboard.panels.length);
    for (const { title, description } of panels) expect(`${title}: ${description}`).toMatch(/^[A-Z].*\.$/);
  });

  test('works for all processes of a job and any data source', () => {
    for (const panel of panels) expect(panel.datasource.uid).toBe('${datasource}');
    for (const query of queries) expect(query).toContain('job=~"$job",instance=~"$instance"');
  });
});
