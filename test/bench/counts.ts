import { bucketsOf } from '../../src/counts/buckets.ts';
import type { CountOrder } from '../../src/counts/bucket-order.ts';
import { parseCountBy, type CountByInput } from '../../src/counts/dimensions.ts';
import { parseFilter } from '../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../src/filter/parse/filter-input.ts';
import { readSettings } from '../../src/settings.ts';
import { occurredBounds } from '../../src/filter/time-bounds.ts';
import { readCounts } from '../../src/store/counts/count-events.ts';
import { readHead } from '../../src/store/log/log-head.ts';
import { openStore } from '../../src/store/open-store.ts';
import { workload } from './load/workload.ts';

// Measures counts over the events that test/bench/queries.ts has stored, in the store alone:
//   DATABASE_URL=postgres://… npx tsx test/bench/counts.ts [only cases whose name contains this]
// Prints milliseconds: the first run, the median of 5, and the processor time of this process.
// peers/reads.ts compares the server with SQL.
const only = process.argv[2] ?? '';
const settings = readSettings(process.env);
await using store = await openStore(settings);
const { database } = store;
const head = await readHead(database);

const flows = [...workload(20)].map(({ related }) => (related as { id: string }[])[0]!.id);
const hour: CountByInput = { time: { unit: 'HOUR' } };
const berlin: CountByInput = { time: { unit: 'DAY', timeZone: 'Europe/Berlin' } };
const filters: readonly (readonly [string, EventFilterInput])[] = [
  ['everything', {}],
  ['name common', { event: { in: ['prefect.flow-run.Completed'] } }],
  ['name prefix', { event: { startsWith: ['prefect.flow-run.C'] } }],
  ['name rare', { event: { startsWith: ['rare.'] } }],
  ['time', { occurred: { since: '2026-11-01T00:00:00Z', until: '2026-11-08T00:00:00Z' } }],
  ['label common', { resource: { labels: [{ key: 'region', in: ['eu-west-1'] }] } }],
  ['label medium', { resource: { labels: [{ key: 'region', in: ['medium-region-1'] }] } }],
  ['role common', { related: [{ role: ['work-queue'] }] }],
  ['role and ids', { related: [{ role: ['flow'], id: { in: flows } }] }],
  ['related ids', { related: [{ id: { in: flows } }] }],
  ['ids of any resource', { anyResource: [{ id: { in: flows } }] }],
  ['label with distinct values', { resource: { labels: [{ key: 'prefect.state-timestamp', like: ['2026-11-0*'] }] } }],
  ['payload', { payload: [{ path: 'validated_state.name', eq: 'Completed' }] }],
  ['resource prefix', { resource: { id: { startsWith: ['prefect.flow-run.a'] } } }],
];
const requests: readonly (readonly [string, readonly CountByInput[], CountOrder, number])[] = [
  ['by hour', [hour], 'KEY', 1000],
  ['by day in Berlin by name', [berlin, { event: {} }], 'KEY', 1000],
  ['top 100 resources', [{ resource: {} }], 'MOST_FIRST', 100],
  ['by name', [{ event: {} }], 'KEY', 1000],
  ['by label region', [{ label: { key: 'region' } }], 'KEY', 1000],
  ['by payload', [{ payload: { path: 'validated_state.name' } }], 'KEY', 1000],
  ['by role flow', [{ role: { role: 'flow' } }], 'MOST_FIRST', 100],
];
for (const [request, by, order, first] of requests) {
  for (const [name, input] of filters) {
    const title = `${request}, ${name}`;
    if (!title.includes(only)) continue;
    const filter = parseFilter(input, ['filter'], settings);
    const dimensions = parseCountBy(by, ['by']);
    const times: number[] = [];
    const cpu: number[] = [];
    let found = '';
    for (let round = 0; round < 5; round += 1) {
      const began = performance.now();
      const cpuBegan = process.cpuUsage();
      const table = await readCounts(database, { filter, dimensions, head });
      const { buckets } = bucketsOf(table, { dimensions, bounds: occurredBounds(filter), order, first });
      times.push(performance.now() - began);
      const { user, system } = process.cpuUsage(cpuBegan);
      cpu.push((user + system) / 1000);
      found = `${table.total} events, ${buckets.length} buckets`;
      if (times[0]! > 5000) break;
    }
    const cells = [times[0]!, median(times), median(cpu)].map((ms) => ms.toFixed(0).padStart(8));
    console.log(title.padEnd(45), ...cells, ` ${found}`);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b).at(values.length >> 1)!;
}
