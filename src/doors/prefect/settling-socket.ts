import { WebSocket } from 'ws';

/**
 * A WebSocket that does not take part in closing before what came through it is settled: Prefect's client closes right
 * after its last event, and goes on when the server closes as well. So it has been told the truth without a ping. Waits for
 * a while only, since clients do not wait for ever.
 */
export class SettlingSocket extends WebSocket {
  settled: (() => Promise<void>) | null = null;
  private closing: Promise<void> | null = null;

  /** Also called by ws itself when the other side's close frame has come. */
  override close(code?: number, reason?: string | Buffer): void {
    if (this.settled === null) return super.close(code, reason);
    this.closing ??= Promise.race([this.settled(), new Promise<void>((resolve) => setTimeout(resolve, patienceMs).unref())]).then(() =>
      super.close(code, reason),
    );
  }
}

/** Python's websockets wait 10 seconds. */
const patienceMs = 8000;
