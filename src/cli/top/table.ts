import { cut, padded, widthOf, formatNumber } from '../terminal/format-text.ts';
import type { Top, TopRow } from './counters.ts';

export interface TableSize {
  readonly columns: number;
  readonly lines: number;
  /** Maximum width of the bars. */
  readonly bars: number;
}

/** A summary line, a header, and as many of the most frequent keys as fit. */
export function topTable(title: string, top: Top, { columns, lines, bars }: TableSize): readonly string[] {
  const summary = `${formatNumber(top.total)} ${top.total === 1 ? 'event' : 'events'} in ${formatNumber(top.seconds)} s, ${rate(top.rate)}/s`;
  const shown = top.rows.slice(0, Math.max(lines - 3, 1));
  const left = top.total - shown.reduce((sum, { count }) => sum + count, 0);
  const kinds = top.rows.length - shown.length;
  const rest = top.others > 0 ? 'all others' : `${formatNumber(kinds)} ${kinds === 1 ? 'other' : 'others'}`;
  const rows = left === 0 ? shown : [...shown, { key: rest, count: left, rate: otherRate(top, shown) }];
  const cells = rows.map((row) => ({ row, counted: formatNumber(row.count), speed: rate(row.rate) }));

  const countColumns = Math.max(...cells.map(({ counted }) => counted.length), 'count'.length);
  const rateColumns = Math.max(...cells.map(({ speed }) => speed.length), '/s'.length);
  const figures = columns >= rateThresholdColumns ? countColumns + rateColumns + 4 : countColumns + 2;
  const maxKeyWidth = Math.max(...rows.map(({ key }) => widthOf(key)), widthOf(title));
  const keyColumns = Math.max(Math.min(maxKeyWidth, columns - figures), 1);
  const barColumns = Math.min(bars, columns - figures - keyColumns - 2);
  const maxCount = Math.max(...shown.map(({ count }) => count), 1);

  const line = (key: string, counted: string, speed: string): string => {
    const start = `${padded(cut(key, keyColumns), keyColumns)}  ${counted.padStart(countColumns)}`;
    return columns >= rateThresholdColumns ? `${start}  ${speed.padStart(rateColumns)}` : start;
  };
  const bar = ({ count }: TopRow): string =>
    barColumns < minBarColumns || count > maxCount ? '' : `  ${'█'.repeat(Math.max(Math.round((count / maxCount) * barColumns), 1))}`;
  const table = cells.map(({ row, counted, speed }) => `${line(row.key, counted, speed)}${bar(row)}`);
  return [summary, line(title, 'count', '/s'), ...table].map((each) => cut(each, columns).trimEnd());
}

function otherRate({ rate: all }: Top, shown: readonly TopRow[]): number {
  return Math.max(all - shown.reduce((sum, each) => sum + each.rate, 0), 0);
}

function rate(perSecond: number): string {
  return perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : formatNumber(perSecond);
}

/** A narrower table has no rates. */
const rateThresholdColumns = 32;
const minBarColumns = 4;
