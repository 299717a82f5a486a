import { TimeSlice } from '../../concurrency/time-slices.ts';
import type { Position } from '../../event/cursor.ts';
import { FieldCollector, type FieldCount } from '../../event/field-collector.ts';
import type { Condition } from '../../filter/filter.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { AdaptiveLimit } from '../log/adaptive-limit.ts';
import type { Database } from '../database/database.ts';
import type { PageBound, PageRequest } from './page-request.ts';
import { readCutPage } from './pages.ts';

/** The names that a sample of events has; `sampled` is the number of its events. */
export interface SampledFields {
  readonly sampled: number;
  readonly labels: readonly FieldCount[];
  readonly roles: readonly FieldCount[];
  readonly payloadPaths: readonly FieldCount[];
}

export interface SampleRequest {
  readonly filter: Condition;
  readonly head: Position;
  /** The maximum number of events. */
  readonly sample: number;
}

/**
 * Counts the label keys, roles and payload paths of the newest matching events. Holds one page of them at a time, and gives
 * up the event loop between slices. Throws LIMIT_EXCEEDED when all statements together exceed the statement timeout.
 */
export async function sampleFields(database: Database, { filter, head, sample }: SampleRequest): Promise<SampledFields> {
  const fields = new FieldCollector();
  const adaptiveLimit = new AdaptiveLimit(sample);
  const deadline = new AdaptiveBatch(database.statementTimeout, sample);
  let sampled = 0;
  let after: PageBound | null = null;
  for (let more = true; more && sampled < sample;) {
    deadline.checkDeadline();
    const limit = Math.min(adaptiveLimit.limit, sample - sampled);
    const request: PageRequest = { filter, order: 'NEWEST_FIRST', head, limit, backward: false, ...(after === null ? {} : { after }) };
    const { events, bytes, ...page } = await readCutPage(database, request);
    adaptiveLimit.record(events.length, bytes);
    const slice = new TimeSlice(sliceMs);
    for (const event of events) {
      fields.add(event);
      if (slice.isOver()) await slice.next();
    }
    sampled += events.length;
    const last = events.at(-1);
    more = page.more && last !== undefined;
    if (last !== undefined) after = { position: last.position, occurred: last.occurred };
  }
  return { sampled, labels: fields.labels(), roles: fields.roles(), payloadPaths: fields.payloadPaths() };
}

const sliceMs = 10;
