import type { EventLimits } from '../../event/limits.ts';
import { ask, type Patience } from '../client/retrying-request.ts';
import type { Endpoint } from '../client/endpoint.ts';
import { bodyOf } from '../client/request.ts';

/** What a service accepts. */
export interface ServiceLimits {
  /** Events in one batch. */
  readonly batchEvents: number;
  readonly limits: EventLimits;
}

/** Asks for the limits. */
export async function askLimits(endpoint: Endpoint, patience: Patience): Promise<ServiceLimits> {
  const { service } = await ask<Told>(endpoint, bodyOf(limitsQuery), patience);
  const { batchEvents, ...limits } = service.limits;
  return { batchEvents, limits };
}

const limitsQuery = `{
  service {
    limits {
      batchEvents
      eventIdLength eventNameLength resourceIdLength roleLength labelKeyLength labelValueLength
      labelsPerResource relatedResources eventBytes payloadDepth
    }
  }
}`;

interface Told {
  readonly service: { readonly limits: EventLimits & { readonly batchEvents: number } };
}
