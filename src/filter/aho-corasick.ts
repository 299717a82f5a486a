/**
 * Which of the needles, none of them empty, a text contains. Takes a few nanoseconds for each code unit of the text and
 * each batch of needles, whatever they are. String's own search is faster for most needles, but takes many times as long
 * for some, and goes through the text for each. After A. V. Aho and M. J. Corasick, "Efficient string matching: an aid to
 * bibliographic search" (1975), with every transition in a table.
 */
export function needlesIn(text: string, needles: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const batch of needleBatches(needles, longestBatch)) search(text, automatonOf(batch), found);
  return found;
}

/** Code units, so that a table has at most 2,001 rows and columns, of 4 bytes each: 16 MB, and far less when letters recur. */
const longestBatch = 2000;

/** A state is where its row begins in `next`. State 0 has read nothing of a needle, the others the beginning of one or more. */
interface Automaton {
  /** The column of each code unit; 0 for those that no needle has. */
  readonly columns: Uint16Array;
  /** Where each state goes for each column; a state in which needles end is written as its complement, which is below zero. */
  readonly next: Int32Array;
  readonly ends: ReadonlyMap<number, readonly string[]>;
}

function search(text: string, { columns, next, ends }: Automaton, found: Set<string>): void {
  const seen = new Set<number>();
  let state = 0;
  for (let at = 0; at < text.length; at += 1) {
    state = next[state + (columns[text.charCodeAt(at)] ?? 0)] ?? 0;
    if (state >= 0) continue;
    state = ~state;
    if (seen.has(state)) continue;
    seen.add(state);
    for (const needle of ends.get(state) ?? []) found.add(needle);
    if (seen.size === ends.size) return;
  }
}

function automatonOf(needles: readonly string[]): Automaton {
  const units = needles.join('').split('');
  const columns = new Uint16Array(0x1_00_00);
  [...new Set(units)].forEach((unit, index) => (columns[unit.charCodeAt(0)] = index + 1));
  const width = new Set(units).size + 1;
  const next = new Int32Array((units.length + 1) * width);
  const ends = new Map<number, readonly string[]>();
  const end = (state: number, more: readonly string[]): unknown =>
    more.length > 0 && ends.set(state, [...(ends.get(state) ?? []), ...more]);

  // First the tree of the needles. 0 is no branch yet, as none leads back to the start.
  let size = width;
  for (const needle of needles) {
    let state = 0;
    for (const unit of needle.split('')) {
      const branch = state + (columns[unit.charCodeAt(0)] ?? 0);
      if (next[branch] === 0) {
        next[branch] = size;
        size += width;
      }
      state = next[branch] ?? 0;
    }
    end(state, [needle]);
  }

  // Then, by depth: where a state has no branch it goes where its fallback does, the state of the longest proper end of
  // what it has read; and what ends there ends in it too.
  const fallbacks = new Map([[0, 0]]);
  for (const [state, fallback] of fallbacks) {
    if (state !== 0) end(state, ends.get(fallback) ?? []);
    for (let column = 1; column < width; column += 1) {
      const branch = next[state + column] ?? 0;
      const instead = state === 0 ? 0 : (next[fallback + column] ?? 0);
      if (branch === 0) next[state + column] = instead;
      else fallbacks.set(branch, instead);
    }
  }
  return { columns, next: next.map((state) => (ends.has(state) ? ~state : state)), ends };
}

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
