/**
 * The number of events to read at once, such that they take about `targetBytes` of memory: an event
 * may have a hundred bytes, or more than a million. Starts small and follows the sizes of the
 * events read.
 */
export class AdaptiveLimit {
  private events: number;

  constructor(
    private readonly maxEvents: number,
    private readonly targetBytes: number = defaultTargetBytes,
  ) {
    this.events = Math.min(initialEvents, maxEvents);
  }

  get limit(): number {
    return this.events;
  }

  /** Adapts the limit to the size of the events read last. */
  record(events: number, bytes: number): void {
    if (events === 0) return;
    const fitting = Math.floor((this.targetBytes * events) / Math.max(bytes, 1));
    this.events = Math.max(1, Math.min(fitting, this.events * maxGrowthFactor, this.maxEvents));
  }
}

const defaultTargetBytes = 8 * 1024 * 1024;
const initialEvents = 16;
const maxGrowthFactor = 4;
