import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fromDocument } from '../../../src/event/document.ts';
import type { BenchEvent } from './emitting.ts';

const lines = gunzipSync(readFileSync(join(import.meta.dirname, '../../fixtures/github-2015-01-01.ndjson.gz')))
  .toString()
  .trimEnd()
  .split('\n');

/** Events of the sample, repeated from its start, with ids that are distinct by `run`. */
export function sampleEvents(count: number, run: string): readonly BenchEvent[] {
  return Array.from({ length: count }, (_, n) => {
    const event = fromDocument(JSON.parse(lines[n % lines.length]!) as Record<string, unknown>) as unknown as BenchEvent;
    return { ...event, id: `${run}-${n}`, follows: null };
  });
}
