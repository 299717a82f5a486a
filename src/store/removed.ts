import { origin, type Position } from '../event/cursor.ts';

/**
 * The place up to which retention has removed events: whoever reads on from before it may miss some. Nothing is ever
 * removed yet, and the lowest place that is kept does not tell: places are also missing where an event came twice. So
 * whatever removes events must keep a record of how far it went, and this is where it is read.
 */
export type RemovedUpTo = () => Promise<Position>;

export const nothingRemoved: RemovedUpTo = async () => origin;
