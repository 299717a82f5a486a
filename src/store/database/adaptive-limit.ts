/**
 * How many events to read at once, so that they take about so many bytes of memory, whatever their size: an event may
 * have a hundred bytes, or more than a million. Begins small, since nothing is known, and grows with what is seen.
 */
export class Portion {
  private events: number;

  /** At most so many events, and about so many bytes of them. */
  constructor(
    private readonly most: number,
    private readonly bytes: number = usualBytes,
  ) {
    this.events = Math.min(first, most);
  }

  get limit(): number {
    return this.events;
  }

  /** To be told of what was read. */
  saw(events: number, bytes: number): void {
    if (events === 0) return;
    const fitting = Math.floor((this.bytes * events) / Math.max(bytes, 1));
    this.events = Math.max(1, Math.min(fitting, this.events * growth, this.most));
  }
}

const usualBytes = 8 * 1024 * 1024;
const first = 16;
const growth = 4;
