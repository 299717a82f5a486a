import { sql, type SQL } from 'drizzle-orm';
import { caseVariants } from '../../filter/case-folding.ts';
import { searchTermBatches } from '../../filter/aho-corasick.ts';
import { conjunctionSql, disjunctionSql } from './sql-fragments.ts';

/**
 * Some text of the event contains one of these, whatever the case, in SQL over tidings.events aliased `e`.
 *
 * The database folds nothing, as lower(), ILIKE and ~* differ with its version, locale and provider. Instead every
 * character of a needle becomes the list of its variants: k is [kK\u212A]. Such regular expressions, of plain characters
 * and lists, mean the same everywhere and run in time linear in the text, whatever the needle.
 */
export function textSearchSql(searchTerms: readonly string[]): SQL {
  return disjunctionSql(Array.from(searchTermBatches(searchTerms, maxPatternLength), textMatchesAny));
}

/**
 * Characters in one regular expression, enough for all terms of one `text`. An event is searched for many as fast as for
 * one, but what that takes grows with their length. More regular expressions in a filter than the 32 that a connection
 * keeps are compiled anew for every event.
 */
const maxPatternLength = 200;

function textMatchesAny(searchTerms: readonly string[]): SQL {
  const pattern = alternatives(searchTerms, (character) => character);
  // A text in JSON is a text in quotes, so what is not in the JSON is in none of its values; but it may be in a key.
  const jsonPattern = alternatives(searchTerms, (character) => JSON.stringify(character).slice(1, -1));
  const found = `like_regex ${JSON.stringify(pattern)}`;
  return disjunctionSql([
    sql`e.event ~ (${pattern}::text collate "C")`,
    sql`e.resource_id ~ (${pattern}::text collate "C")`,
    conjunctionSql([
      sql`(e.resource_labels::text || e.related::text || e.payload::text) ~ (${jsonPattern}::text collate "C")`,
      disjunctionSql([
        exists(sql`e.resource_labels`, `$.* ? (@ ${found})`),
        exists(sql`e.related`, `$[*] ? (@.id ${found} || @.labels.* ${found})`),
        exists(sql`e.payload`, `strict $.** ? (@ ${found})`), // not strict, it would come to the entries of lists again and again
      ]),
    ]),
  ]);
}

function exists(json: SQL, path: string): SQL {
  return sql`jsonb_path_exists(${json}, ${path}::text::jsonpath)`;
}

/** A regular expression for any of these; `written` is how a character that has no variants appears in the text. */
function alternatives(searchTerms: readonly string[], render: (character: string) => string): string {
  const patterns = searchTerms.map((searchTerm) =>
    Array.from(searchTerm, (character) => {
      const variants = caseVariants(character);
      return variants.length > 1 ? `[${variants.join('')}]` : render(character).replaceAll(special, String.raw`\$&`);
    }).join(''),
  );
  return patterns.join('|');
}

const special = /[\\^$.*+?()[\]{}|]/g;
