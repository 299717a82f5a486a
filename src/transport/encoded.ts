/** A message's text, for all who get the message. */
export class Encoded {
  private encoded: Buffer | null = null;

  constructor(readonly json: string) {}

  /** The text in UTF-8, one for all. */
  get bytes(): Buffer {
    return (this.encoded ??= Buffer.from(this.json));
  }
}
