import { sql, type SQL } from 'drizzle-orm';
import { searchTermBatches } from '../../filter/aho-corasick.ts';
import { caseVariants, fold, normalized } from '../../filter/case-folding.ts';
import { disjunctionSql } from './sql-fragments.ts';

/**
 * Whether some text of the event contains one of the search terms, ignoring case, in SQL over
 * tidings.events aliased `e`.
 *
 * The database does not fold case, because lower(), ILIKE and ~* depend on its version, locale and
 * provider. Instead every character of a term becomes a list of its variants: k is [kK\u212A].
 * Regular expressions of characters and lists mean the same everywhere and take time linear in the
 * text. Normalization (NFC) does not depend on them, so the database does that.
 */
export function textSearchSql(searchTerms: readonly string[]): SQL {
  return disjunctionSql(Array.from(searchTermBatches(searchTerms, maxPatternLength), textMatchesAny));
}

/**
 * Characters in one regular expression: enough for all terms of one `text`. Searching for many
 * terms at once is as fast as for one, but compiling takes longer. A connection caches 32 regular
 * expressions and compiles further ones anew for every event.
 */
const maxPatternLength = 200;

function textMatchesAny(searchTerms: readonly string[]): SQL {
  const pattern = alternatives(searchTerms, (character) => character);
  // A term that the JSON text does not contain is in none of its values. A term that it contains
  // may be in a key.
  const jsonPattern = alternatives(searchTerms, (character) => JSON.stringify(character).slice(1, -1));
  const found = `like_regex ${JSON.stringify(pattern)}`;
  const likePattern = searchTerms.length === 1 ? likePatternOf(searchTerms[0] ?? '') : null;
  const mayMatch =
    likePattern === null
      ? sql`${allText} ~ (${[...new Set([pattern, jsonPattern, beyondAscii])].join('|')}::text collate "C")`
      : sql`lower(${allText} collate "C") like ${likePattern}::text`;
  // Most events end with one test of all text; "case" keeps it the first.
  return sql`case when ${mayMatch} then ${disjunctionSql([
    sql`${normalizedSql(sql`e.event`)} ~ (${pattern}::text collate "C")`,
    sql`${normalizedSql(sql`e.resource_id`)} ~ (${pattern}::text collate "C")`,
    sql`tidings.text_matches(
      e.resource_labels, e.related, e.payload, ${pattern}::text, ${jsonPattern}::text,
      ${`$.* ? (@ ${found})`}::text::jsonpath,
      ${`$[*] ? (@.id ${found} || @.labels.* ${found})`}::text::jsonpath,
      ${`strict $.** ? (@ ${found})`}::text::jsonpath
    )`, // lax mode would visit the elements of arrays repeatedly
  ])} else false end`;
}

const allText = sql`concat(e.event, e.resource_id, e.resource_labels, e.related, e.payload)`;

/**
 * A pattern of LIKE that the text of every event with the term matches, in any composition and as JSON, once its ASCII
 * letters are lower case: less than half the time of a regular expression. Null: it would exclude too little.
 */
function likePatternOf(searchTerm: string): string | null {
  const characters = Array.from(fold(normalized(searchTerm))).slice(0, maxLikeCharacters);
  if (characters.filter(isPlain).length < minPlainCharacters) return null;
  return `%${characters.map((character) => (isPlain(character) ? character : isOneInJson.test(character) ? '_' : '%')).join('')}%`;
}

/** Whether a text that contains the character, ignoring case, has it in ASCII, whatever its composition. */
function isPlain(character: string): boolean {
  return plain.test(character) && caseVariants(character).every((variant) => variant <= '~');
}

/** Normalizes a text to NFC. Most texts are ASCII, where characters are bytes. */
function normalizedSql(text: SQL): SQL {
  return sql`case when octet_length(${text}) = char_length(${text}) then ${text} else normalize(${text}) end`;
}

/**
 * A regular expression for any of the terms. `render` writes a character without variants as the
 * searched text has it.
 */
function alternatives(searchTerms: readonly string[], render: (character: string) => string): string {
  const patterns = searchTerms.map((searchTerm) =>
    Array.from(normalized(searchTerm), (character) => {
      const variants = caseVariants(character);
      return variants.length > 1 ? `[${variants.join('')}]` : render(character).replaceAll(special, String.raw`\$&`);
    }).join(''),
  );
  return patterns.join('|');
}

const beyondAscii = String.raw`[^\u0001-\u007f]`;
/** ASCII that JSON does not escape. */
const isOneInJson = /^[ !#-[\]-~]$/;
/** Without the characters to which others normalize, and those that LIKE would interpret. */
const plain = /^[ !#$&-:<-[\]^a-z{|}~]$/;
/** LIKE takes as many steps for each character of a hostile text. */
const maxLikeCharacters = 24;
const minPlainCharacters = 3;
const special = /[\\^$.*+?()[\]{}|]/g;
