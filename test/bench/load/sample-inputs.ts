import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fromDocument } from '../../../src/event/document.ts';

/**
 * Returns the events of the sample, repeatedly, as JSON of EventInput with distinct ids. Cheap,
 * since it runs during measurements.
 */
export function sampleInputs(): () => string {
  const file = new URL('../../fixtures/github-2015-01-01.ndjson.gz', import.meta.url);
  const rests = gunzipSync(readFileSync(file))
    .toString()
    .trim()
    .split('\n')
    .map((line) => {
      const { id: _, ...rest } = fromDocument(JSON.parse(line) as Record<string, unknown>);
      return JSON.stringify(rest).slice(1);
    });
  let made = 0;
  const lap = Date.now().toString(16).padStart(12, '0');
  return () => {
    made += 1;
    const id = `${lap.slice(0, 8)}-${lap.slice(8)}-7000-8000-${made.toString(16).padStart(12, '0')}`;
    return `{"id":"${id}",${rests[made % rests.length]}`;
  };
}
