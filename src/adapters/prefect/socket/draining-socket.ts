import { WebSocket } from 'ws';

/**
 * A WebSocket that does not take part in closing before what came through it is settled: Prefect's client closes right
 * after its last event, and goes on when the server closes as well. So it has been told the truth without a ping. Waits for
 * a while only, since clients do not wait for ever.
 */
export class DrainingSocket extends WebSocket {
  whenDrained: (() => Promise<void>) | null = null;
  private closing: Promise<void> | null = null;

  /** Also called by ws itself when the other side's close frame has come. */
  override close(code?: number, reason?: string | Buffer): void {
    this.closing ??= this.closeDrained(code, reason);
  }

  private async closeDrained(code?: number, reason?: string | Buffer): Promise<void> {
    await this.drain();
    if (this.isPaused) this.resume(); // or the answer to the close frame would not be read
    super.close(code, reason);
  }

  private async drain(): Promise<void> {
    if (this.whenDrained === null) return;
    await Promise.race([this.whenDrained(), new Promise<void>((resolve) => setTimeout(resolve, maxDrainMs).unref())]);
  }
}

/** Python's websockets wait 10 seconds. */
const maxDrainMs = 8000;
