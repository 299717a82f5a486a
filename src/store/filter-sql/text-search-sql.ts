import { sql, type SQL } from 'drizzle-orm';
import { searchTermBatches } from '../../filter/aho-corasick.ts';
import { caseVariants, normalized } from '../../filter/case-folding.ts';
import { conjunctionSql, disjunctionSql } from './sql-fragments.ts';

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
  return disjunctionSql([
    sql`${normalizedSql(sql`e.event`)} ~ (${pattern}::text collate "C")`,
    sql`${normalizedSql(sql`e.resource_id`)} ~ (${pattern}::text collate "C")`,
    conjunctionSql([
      // The function is called for few events whose text is ASCII.
      sql`(e.resource_labels::text || e.related::text || e.payload::text) ~ (${`${jsonPattern}|${beyondAscii}`}::text collate "C")`,
      sql`tidings.text_matches(
        e.resource_labels, e.related, e.payload, ${pattern}::text, ${jsonPattern}::text,
        ${`$.* ? (@ ${found})`}::text::jsonpath,
        ${`$[*] ? (@.id ${found} || @.labels.* ${found})`}::text::jsonpath,
        ${`strict $.** ? (@ ${found})`}::text::jsonpath
      )`, // lax mode would visit the elements of arrays repeatedly
    ]),
  ]);
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
const special = /[\\^$.*+?()[\]{}|]/g;
