/** What all sockets together have taken in and not yet stored, so that many of them are bounded as one is. */
export interface Backlog {
  /** Bytes; negative when they are settled. */
  add(bytes: number): void;
  /** Whether sockets should not be read for now, but for those that have nothing waiting. */
  readonly isFull: boolean;
}

export function createBacklog(mostBytes: number): Backlog {
  let waiting = 0;
  return {
    add: (bytes) => void (waiting += bytes),
    get isFull() {
      return waiting > mostBytes;
    },
  };
}
