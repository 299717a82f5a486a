import type { EventLimits } from '../event/limits.ts';
import { ask, type Patience } from './ask.ts';
import type { Endpoint } from './endpoint.ts';
import { bodyOf } from './post.ts';

/** What a service accepts, as far as it tells. */
export interface ServiceLimits {
  /** Events in one batch. */
  readonly batchEvents: number;
  readonly limits: EventLimits;
}

/** Asks for the limits. Those that the service does not tell are left to its own judgement, event by event. */
export async function askLimits(endpoint: Endpoint, patience: Patience): Promise<ServiceLimits> {
  const { service } = await ask<Told>(endpoint, bodyOf(limitsQuery), patience);
  const { batchEvents, ...told } = service.limits;
  return { batchEvents, limits: { ...untold, ...told } };
}

const limitsQuery = '{ service { limits { batchEvents eventNameLength labelsPerResource relatedResources eventBytes } } }';

type ToldLimit = 'eventNameLength' | 'labelsPerResource' | 'relatedResources' | 'eventBytes';

interface Told {
  readonly service: { readonly limits: Pick<EventLimits, ToldLimit> & { readonly batchEvents: number } };
}

const untold: Omit<EventLimits, ToldLimit> = {
  eventIdLength: Infinity,
  resourceIdLength: Infinity,
  roleLength: Infinity,
  labelKeyLength: Infinity,
  labelValueLength: Infinity,
  payloadDepth: 500, // the most that the setting can be; the check recurses, so it must end somewhere
};
