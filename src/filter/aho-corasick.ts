/**
 * The search terms that a text contains. Assumes that no term is empty.
 *
 * Takes a few nanoseconds for each code unit of the text and each batch of terms, whatever the
 * terms are. String's own search is faster for most terms, but many times slower for some, and it
 * reads the text once for each term. After A. V. Aho and M. J. Corasick, "Efficient string
 * matching: an aid to bibliographic search" (1975), with every transition in a table.
 */
export function findSearchTerms(text: string, searchTerms: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const batch of searchTermBatches(searchTerms, maxBatchLength)) search(text, buildAutomaton(batch), found);
  return found;
}

/**
 * In code units. A table has at most 2,001 rows and columns of 4 bytes: 16 MB, and far less if
 * letters recur.
 */
const maxBatchLength = 2000;

/**
 * A state is the offset of its row in `transitions`. State 0 has read no part of a term, the others
 * the beginning of some terms.
 */
interface Automaton {
  /** The column of each code unit; 0 for code units that no term has. */
  readonly columns: Uint16Array;
  /**
   * The next state for each state and column. A state in which terms end is stored as its
   * complement, which is negative.
   */
  readonly transitions: Int32Array;
  readonly outputs: ReadonlyMap<number, readonly string[]>;
}

function search(text: string, { columns, transitions, outputs }: Automaton, found: Set<string>): void {
  const visited = new Set<number>();
  let state = 0;
  for (let at = 0; at < text.length; at += 1) {
    state = transitions[state + (columns[text.charCodeAt(at)] ?? 0)] ?? 0;
    if (state >= 0) continue;
    state = ~state;
    if (visited.has(state)) continue;
    visited.add(state);
    for (const searchTerm of outputs.get(state) ?? []) found.add(searchTerm);
    if (visited.size === outputs.size) return;
  }
}

function buildAutomaton(searchTerms: readonly string[]): Automaton {
  const units = searchTerms.join('').split('');
  const columns = new Uint16Array(0x1_00_00);
  [...new Set(units)].forEach((unit, index) => (columns[unit.charCodeAt(0)] = index + 1));
  const width = new Set(units).size + 1;
  const transitions = new Int32Array((units.length + 1) * width);
  const outputs = new Map<number, readonly string[]>();
  const addOutputs = (state: number, added: readonly string[]): unknown =>
    added.length > 0 && outputs.set(state, [...(outputs.get(state) ?? []), ...added]);

  // First the tree of the terms. 0 means no branch yet, because no branch leads back to the root.
  let size = width;
  for (const searchTerm of searchTerms) {
    let state = 0;
    for (const unit of searchTerm.split('')) {
      const branch = state + (columns[unit.charCodeAt(0)] ?? 0);
      if (transitions[branch] === 0) {
        transitions[branch] = size;
        size += width;
      }
      state = transitions[branch] ?? 0;
    }
    addOutputs(state, [searchTerm]);
  }

  // Then the fallbacks, by depth. The fallback of a state is that of the longest proper suffix of
  // the text it has read. Without a branch of its own, a state goes where its fallback goes. Terms
  // that end in the fallback also end in the state.
  const fallbacks = new Map([[0, 0]]);
  for (const [state, fallback] of fallbacks) {
    if (state !== 0) addOutputs(state, outputs.get(fallback) ?? []);
    for (let column = 1; column < width; column += 1) {
      const branch = transitions[state + column] ?? 0;
      const fallbackTarget = state === 0 ? 0 : (transitions[fallback + column] ?? 0);
      if (branch === 0) transitions[state + column] = fallbackTarget;
      else fallbacks.set(branch, fallbackTarget);
    }
  }
  return { columns, transitions: transitions.map((state) => (outputs.has(state) ? ~state : state)), outputs };
}

/**
 * Splits search terms into batches of at most `maxLength` code units; a longer term is a batch of
 * its own. The memory of a search grows with the square of the length of its terms.
 */
export function* searchTermBatches(searchTerms: readonly string[], maxLength: number): Iterable<readonly string[]> {
  let batch: string[] = [];
  let length = 0;
  for (const searchTerm of searchTerms) {
    if (batch.length > 0 && length + searchTerm.length > maxLength) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(searchTerm);
    length += searchTerm.length;
  }
  if (batch.length > 0) yield batch;
}
