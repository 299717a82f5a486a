import { runInSlices, yieldToEventLoop } from '../concurrency/time-slices.ts';
import { isExactMessage } from '../json/exact-message.ts';
import { parseJsonInSteps } from '../json/parse-in-steps.ts';
import { jsonExcess, jsonExcessInSteps } from '../transport/json-bounds.ts';

/** A message of a WebSocket: a text, or a large operation that was parsed already. */
export type ReceivedMessage =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'operation'; readonly operation: object }
  /** Must not be parsed, for this reason. */
  | { readonly kind: 'excess'; readonly excess: string }
  /** Very large, and neither JSON nor an operation. */
  | { readonly kind: 'invalid' };

export interface MessageHandler {
  /** Whether a message can be handled now. */
  canStart(): boolean;
  /** Resolves when the next message can be handled. */
  turn(): Promise<void>;
  handle(message: ReceivedMessage, bytes: Buffer): void;
  /** Reads no further messages until `resumeReading`; those in the buffer may still come. */
  pauseReading(): void;
  resumeReading(): void;
}

/**
 * Passes on the messages of one WebSocket. Large ones are parsed in slices of the event loop, and
 * each waits until it can start.
 *
 * Assumes: only operations need messages of more than `minOperationBytes`.
 * Guarantees: `handle` gets the messages in the order in which they arrived, a small one at once if
 * it can start and none is before it. While one waits or is parsed, no others are read from the
 * network.
 */
export class MessageOrder {
  /** Null: no message waits or is being parsed. */
  private waiting: Buffer[] | null = null;

  constructor(private readonly handler: MessageHandler) {}

  take(bytes: Buffer): void {
    if (this.waiting === null && bytes.length < minLargeBytes && this.handler.canStart())
      return this.handler.handle(readSmall(bytes), bytes);
    this.handler.pauseReading();
    if (this.waiting !== null) this.waiting.push(bytes);
    else void this.work((this.waiting = [bytes]));
  }

  private async work(waiting: Buffer[]): Promise<void> {
    for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) {
      await this.handler.turn();
      this.handler.handle(bytes.length < minLargeBytes ? readSmall(bytes) : await readLarge(bytes), bytes);
    }
    this.waiting = null;
    this.handler.resumeReading();
  }
}

function readSmall(bytes: Buffer): ReceivedMessage {
  const excess = jsonExcess(bytes);
  return excess === null ? { kind: 'text', text: bytes.toString() } : { kind: 'excess', excess };
}

async function readLarge(bytes: Buffer): Promise<ReceivedMessage> {
  await yieldToEventLoop(); // ws has just put the message together
  const excess = await runInSlices(jsonExcessInSteps(bytes));
  if (excess !== null) return { kind: 'excess', excess };
  await yieldToEventLoop();
  try {
    const operation = await runInSlices(parseJsonInSteps(bytes, (part) => utf8.decode(part)));
    if (isExactMessage(operation)) return { kind: 'operation', operation };
  } catch {
    // not JSON
  }
  return bytes.length < minOperationBytes ? { kind: 'text', text: bytes.toString() } : { kind: 'invalid' };
}

/** Parsing less is some milliseconds of work. */
const minLargeBytes = 128 << 10;
/** Larger messages must be operations. */
const minOperationBytes = 256 << 10;
/** ws has checked the text. */
const utf8 = new TextDecoder();
