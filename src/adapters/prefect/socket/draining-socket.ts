import { OrderedWebSocket } from '../../../transport/socket-writer.ts';

/**
 * A WebSocket that answers a close frame only after every frame received before it is stored.
 *
 * Why: Prefect's client closes right after its last event, without a ping, and continues when the
 * server closes too. So the close confirms its events. Clients time out, so the wait is bounded.
 */
export class DrainingSocket extends OrderedWebSocket {
  whenDrained: (() => Promise<void>) | null = null;
  private closing: Promise<void> | null = null;

  /** Also called by ws when it receives a close frame. */
  override close(code?: number, reason?: string | Buffer): void {
    this.closing ??= this.closeDrained(code, reason);
  }

  private async closeDrained(code?: number, reason?: string | Buffer): Promise<void> {
    await this.drain();
    if (this.isPaused) this.resume(); // else the response to the close frame would not be read
    super.close(code, reason);
  }

  private async drain(): Promise<void> {
    if (this.whenDrained === null) return;
    await Promise.race([this.whenDrained(), new Promise<void>((resolve) => setTimeout(resolve, maxDrainMs).unref())]);
  }
}

/** Python's websockets wait 10 seconds. */
const maxDrainMs = 8000;
