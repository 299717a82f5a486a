import { formatInstant } from './time-format.ts';
import { readInstant } from './time-instant.ts';
import { relativeWords, resolveTime, type TimeRange } from './time-range.ts';

/** A range in few words: `Last hour`, `All time`, `23 Nov 14:00 – 15:00`. */
export function rangeText({ since, until }: TimeRange, zone: string, now: number): string {
  if (since === null && until === null) return 'All time';
  if (since !== null && until === null) {
    const words = relativeWords(since);
    if (words !== null) return `Last ${words.replace(/^1 /, '')}`;
  }
  const [start, end] = [since, until].map((text) => (text === null ? null : endText(resolveTime(text, now) ?? text, zone)));
  if (start === null || start === undefined) return `Until ${end?.date ?? ''} ${end?.time ?? ''}`;
  if (end === null || end === undefined) return `Since ${start.date} ${start.time}`;
  return `${start.date} ${start.time} – ${start.date === end.date ? '' : `${end.date} `}${end.time}`;
}

/** One end of a range as a person enters it: -1h, or a time by the clocks of a zone. Empty: open. */
export function rangeFieldText(text: string | null, zone: string): string {
  if (text === null) return '';
  const instant = readInstant(text) === null ? null : text;
  if (instant === null) return text;
  const { date, time, fraction } = formatInstant(instant, zone);
  const seconds = time.endsWith(':00') && fraction === '000000' ? time.slice(0, 5) : time;
  return `${date} ${seconds}${fraction === '000000' ? '' : `.${fraction}`}`;
}

function endText(instant: string, zone: string): { readonly date: string; readonly time: string } {
  const { date, time, fraction } = formatInstant(instant, zone);
  return { date, time: time.endsWith(':00') && fraction === '000000' ? time.slice(0, 5) : time };
}
