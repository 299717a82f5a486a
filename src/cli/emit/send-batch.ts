import type { EventLimits } from '../../event/limits.ts';
import type { Endpoint } from '../client/endpoint.ts';
import { bodyOf } from '../client/request.ts';
import { retryingRequest, type RetryOptions } from '../client/retrying-request.ts';
import type { Batch, LineWarning } from './batches.ts';
import { reasonOf, type RejectedLine } from './parse-line.ts';

/** The results of the lines of a batch. */
export interface BatchResult {
  readonly created: number;
  readonly duplicates: number;
  /** In the order of the file. */
  readonly rejectedLines: readonly RejectedLine[];
  readonly warnings: readonly LineWarning[];
}

/** Emits a batch. Repeating it is safe: by their ids, stored events are duplicates. */
export async function sendBatch(endpoint: Endpoint, batch: Batch, retryOptions: RetryOptions): Promise<BatchResult> {
  const { rejectedLines: unsent, warnings } = batch;
  if (batch.inputs.length === 0) return { created: 0, duplicates: 0, rejectedLines: unsent, warnings };
  const body = bodyOf(mutation, `{"input":[${batch.inputs.join(',')}]}`);
  const { emitEvents } = await retryingRequest<Emitted>(endpoint, body, retryOptions);
  const rejectedLines = emitEvents.results.flatMap(({ index, userErrors }) => {
    const line = batch.lines[index];
    if (userErrors.length === 0 || line === undefined) return [];
    return [{ line, reason: reasonOf(userErrors, eventPathOffset) }];
  });
  const inOrder = [...unsent, ...rejectedLines].toSorted((a, b) => a.line - b.line);
  return { created: emitEvents.created, duplicates: emitEvents.duplicates, rejectedLines: inOrder, warnings };
}

/** The limits of a service for emitting. */
export interface ServiceLimits {
  /** Events in one batch. */
  readonly batchEvents: number;
  readonly limits: EventLimits;
}

export async function requestLimits(endpoint: Endpoint, retryOptions: RetryOptions): Promise<ServiceLimits> {
  const { service } = await retryingRequest<ServiceResponse>(endpoint, bodyOf(limitsQuery), retryOptions);
  const { batchEvents, ...limits } = service.limits;
  return { batchEvents, limits };
}

interface Emitted {
  readonly emitEvents: {
    readonly created: number;
    readonly duplicates: number;
    readonly results: readonly {
      readonly index: number;
      readonly userErrors: readonly { readonly path: readonly string[]; readonly message: string }[];
    }[];
  };
}

const mutation = `mutation Emit($input: [EventInput!]!) {
  emitEvents(input: $input, onError: SKIP_REJECTED) {
    created
    duplicates
    results { index userErrors { message path: field } }
  }
}`;

/** Number of keys before those of the event in a path: "input" and the index. */
const eventPathOffset = 2;

const limitsQuery = `{
  service {
    limits {
      batchEvents
      eventIdLength eventNameLength resourceIdLength roleLength labelKeyLength labelValueLength
      labelsPerResource relatedResources eventBytes payloadDepth
    }
  }
}`;

interface ServiceResponse {
  readonly service: { readonly limits: EventLimits & { readonly batchEvents: number } };
}
