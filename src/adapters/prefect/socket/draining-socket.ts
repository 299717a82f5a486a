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
    this.closing ??= this.closeSettled(code, reason);
  }

  private async closeSettled(code?: number, reason?: string | Buffer): Promise<void> {
    await this.settle();
    if (this.isPaused) this.resume(); // or the answer to the close frame would not be read
    super.close(code, reason);
  }

  private async settle(): Promise<void> {
    if (this.settled === null) return;
    await Promise.race([this.settled(), new Promise<void>((resolve) => setTimeout(resolve, patienceMs).unref())]);
  }
}

/** Python's websockets wait 10 seconds. */
const patienceMs = 8000;
