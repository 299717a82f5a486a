import type { ServerOptions } from 'graphql-ws';
import { conversionCount } from '../json/exact-number.ts';
import { stringifyJson } from '../json/stringify-json.ts';

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
  private writing: { readonly message: object; readonly conversions: number } | null = null;

  /** The payload of a message for graphql-ws. */
  payloadOf(id: string, { errors, ...result }: Result): Payload {
    const payload = errors === undefined ? result : { ...result, errors: errors.map((error) => error.toJSON()) };
    const toJSON = (): object => {
      this.writing = { message: { id, type: 'next', payload }, conversions: conversionCount() };
      return payload;
    };
    return { toJSON } as Payload;
  }

  /** The text to send for what graphql-ws has written. */
  textOf(written: string): string {
    const { writing } = this;
    this.writing = null;
    return writing === null || writing.conversions === conversionCount() ? written : stringifyJson(writing.message);
  }
}
