/**
 * Needles to be looked for at once, since what does so takes memory with the square of their length: those of a batch have
 * at most `longest` code units together, but for one that has more alone.
 */
export function* needleBatches(needles: readonly string[], longest: number): Iterable<readonly string[]> {
  let batch: string[] = [];
  let length = 0;
  for (const needle of needles) {
    if (batch.length > 0 && length + needle.length > longest) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(needle);
    length += needle.length;
  }
  if (batch.length > 0) yield batch;
}
