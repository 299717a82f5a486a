/**
 * Bounds of the bytes of some values as JSON, counted while the values are checked: most events
 * need not be written to know that they are small enough.
 */
export class SizeBounds {
  private bytesAtLeast = 0;
  private bytesAtMost = 0;

  constructor(private readonly most: number) {}

  /** A string, or the key of a member. */
  addText({ length }: string): void {
    this.bytesAtLeast += length + 2;
    this.bytesAtMost += maxBytesPerCodeUnit * length + 4;
  }

  /** A value that is no string. */
  addValue(): void {
    this.bytesAtLeast += 2; // a digit and a comma
    this.bytesAtMost += maxScalarBytes;
  }

  /** No less than the values take. */
  get atMost(): number {
    return this.bytesAtMost;
  }

  /** Whether the values take more than `most`; found out late if they have many escapes. */
  get exceeds(): boolean {
    return this.bytesAtLeast > this.most;
  }
}

/** The longest form of a UTF-16 code unit in JSON is an escape such as \u001f. */
export const maxBytesPerCodeUnit = 6;
/** The longest double is -1.7976931348623157e+308, and a comma or brackets follow. */
export const maxScalarBytes = 26;
