/**
 * How many events to read at once, so that they take about so many bytes of memory, whatever their size: an event may
 * have a hundred bytes, or more than a million. Begins small, since nothing is known, and grows with what is seen.
 */
export class AdaptiveLimit {
  private events: number;

  /** At most so many events, and about so many bytes of them. */
  constructor(
    private readonly maxEvents: number,
    private readonly bytes: number = defaultTargetBytes,
  ) {
    this.events = Math.min(initialEvents, maxEvents);
  }

  get limit(): number {
    return this.events;
  }

  /** To be told of what was read. */
  record(events: number, bytes: number): void {
    if (events === 0) return;
    const fitting = Math.floor((this.bytes * events) / Math.max(bytes, 1));
    this.events = Math.max(1, Math.min(fitting, this.events * maxGrowthFactor, this.maxEvents));
  }
}

const defaultTargetBytes = 8 * 1024 * 1024;
const initialEvents = 16;
const maxGrowthFactor = 4;
