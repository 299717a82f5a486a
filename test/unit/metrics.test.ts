import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/metrics.ts';
import { packageRoot } from '../../src/package-info.ts';
import { readme, readmeFile } from '../support/readme.ts';

interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

const { registry } = createMetrics();
const all = registry.getMetricsAsArray() as unknown as Described[];
const own = all.filter(({ name }) => name.startsWith('tidings_'));
const dashboard = JSON.parse(readFileSync(join(packageRoot, 'src', 'server', 'grafana.json'), 'utf8'));
const panels: any[] = dashboard.panels.filter(({ type }: any) => type !== 'row');
const queries: string[] = panels.flatMap(({ targets }) => targets.map(({ expr }: any) => expr));

describe('the metrics', () => {
  test('are listed in the README', () => {
    const rows = own.map(({ name, help, type, labelNames }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${labels} | ${help.replace(/^./, (first) => first.toUpperCase())} |\n`;
    });
    const table = `<!-- metrics -->\n| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}<!-- /metrics -->`;
    const current = /<!-- metrics -->.*<!-- \/metrics -->/s;
    if (process.env['UPDATE_README'] !== undefined)
      writeFileSync(
        readmeFile,
        readme.replace(current, () => table),
      );
    else expect(current.exec(readme)?.[0], 'UPDATE_README=1 npx vitest run --project unit test/unit/metrics.test.ts').toBe(table);
  });

  test.each(own)('$name has a name as Prometheus wants it, and a sentence', ({ name, type, help }) => {
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/^[A-Z].*\.$/);
  });

  test.each(own)('$name has labels of which there are few values', ({ labelNames }) => {
    // What clients send must not become a label.
    const bounded = new Set(['status', 'protocol', 'reason', 'index', 'code', 'operation', 'kind', 'direction']);
    expect(labelNames.filter((label) => !bounded.has(label))).toEqual([]);
  });
});

describe('the dashboard', () => {
  const named = new Set(queries.flatMap((query) => [...query.matchAll(/[a-z_][a-z0-9_]*(?=\{)/g)].map(([name]) => name)));
  const suffixes = { histogram: ['_bucket', '_sum', '_count'], counter: [''], gauge: [''], summary: [''] } as Record<string, string[]>;
  const series = (metrics: readonly Described[]) =>
    metrics.map(({ name, type }) => ({ name, series: suffixes[type]!.map((suffix) => `${name}${suffix}`) }));

  test('shows every metric', () => {
    const missing = series(own).filter((metric) => !metric.series.some((name) => named.has(name)));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  test('asks for nothing that is not there', () => {
    const known = new Set(series(all).flatMap((metric) => metric.series));
    expect(named.size).toBeGreaterThan(own.length);
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
    const labels = queries.flatMap((query) => [...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/,\s*/)));
    const knownLabels = new Set([...all.flatMap(({ labelNames }) => labelNames), 'instance', 'le']);
    expect(labels.filter((label) => !knownLabels.has(label))).toEqual([]);
  });

  test('has balanced queries, panels that do not overlap, and ids of their own', () => {
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

  test('is there once for all processes of a job, whatever the data source is called', () => {
    for (const panel of panels) expect(panel.datasource.uid).toBe('${datasource}');
    for (const query of queries) expect(query).toContain('job=~"$job",instance=~"$instance"');
  });
});
