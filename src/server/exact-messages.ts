import type { ServerOptions } from 'graphql-ws';
import { runInLaterSlices } from '../concurrency/time-slices.ts';
import { conversionCount } from '../json/exact-number.ts';
import { stringifyJsonInSteps } from '../json/stringify-in-steps.ts';
import { stringifyJson } from '../json/stringify-json.ts';
import { isLargeResult } from './graphql/limits/large-result.ts';

type Result = Parameters<NonNullable<ServerOptions['onNext']>>[4];
type Payload = Exclude<Awaited<ReturnType<NonNullable<ServerOptions['onNext']>>>, void>;

/**
 * The `next` messages of one socket, with exact numbers.
 *
 * graphql-ws writes a message with `JSON.stringify`, and sends it before it does anything else. So
 * `toJSON` of the payload records which message is being written, and the message is written again if
 * it turned out to have an exact number.
 */
export class ExactMessages {
  private written: Buffer | null = null;
  private writing: { readonly message: object; readonly conversions: number } | null = null;

  /** The payload of a message for graphql-ws. A large message is written here, in slices of the event loop. */
  async payloadOf(id: string, given: Result): Promise<Payload> {
    if (isLargeResult(given)) {
      const bytes = await runInLaterSlices(stringifyJsonInSteps({ id, type: 'next', payload: given }));
      return { toJSON: () => void (this.written = bytes) } as Payload;
    }
    const { errors, ...result } = given;
    const payload = errors === undefined ? result : { ...result, errors: errors.map((error) => error.toJSON()) };
    const toJSON = (): object => {
      this.writing = { message: { id, type: 'next', payload }, conversions: conversionCount() };
      return payload;
    };
    return { toJSON } as Payload;
  }

  /** The text to send for what graphql-ws has written. */
  textOf(text: string): string | Buffer {
    const { writing, written } = this;
    this.writing = null;
    this.written = null;
    if (written !== null) return written;
    return writing === null || writing.conversions === conversionCount() ? text : stringifyJson(writing.message);
  }
}
