import { sql, type SQL } from 'drizzle-orm';
import { caseVariants } from '../../filter/case-folding.ts';
import { needleBatches } from '../../filter/aho-corasick.ts';
import { bothOf, eitherOf } from './sql-fragments.ts';

/**
 * Some text of the event contains one of these, whatever the case, in SQL over tidings.events aliased `e`.
 *
 * The database folds nothing, as lower(), ILIKE and ~* differ with its version, locale and provider. Instead every
 * character of a needle becomes the list of its variants: k is [kK\u212A]. Such regular expressions, of plain characters
 * and lists, mean the same everywhere and run in time linear in the text, whatever the needle.
 */
export function containsAny(needles: readonly string[]): SQL {
  return eitherOf(Array.from(needleBatches(needles, longestPattern), containsOneOf));
}

/**
 * Characters in one regular expression, enough for all terms of one `text`. An event is searched for many as fast as for
 * one, but what that takes grows with their length. More regular expressions in a filter than the 32 that a connection
 * keeps are compiled anew for every event.
 */
const longestPattern = 200;

function containsOneOf(needles: readonly string[]): SQL {
  const pattern = alternatives(needles, (character) => character);
  // A text in JSON is a text in quotes, so what is not in the JSON is in none of its values; but it may be in a key.
  const written = alternatives(needles, (character) => JSON.stringify(character).slice(1, -1));
  const found = `like_regex ${JSON.stringify(pattern)}`;
  return eitherOf([
    sql`e.event ~ (${pattern}::text collate "C")`,
    sql`e.resource_id ~ (${pattern}::text collate "C")`,
    bothOf([
      sql`(e.resource_labels::text || e.related::text || e.payload::text) ~ (${written}::text collate "C")`,
      eitherOf([
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
function alternatives(needles: readonly string[], written: (character: string) => string): string {
  const patterns = needles.map((needle) =>
    Array.from(needle, (character) => {
      const variants = caseVariants(character);
      return variants.length > 1 ? `[${variants.join('')}]` : written(character).replaceAll(special, String.raw`\$&`);
    }).join(''),
  );
  return patterns.join('|');
}

const special = /[\\^$.*+?()[\]{}|]/g;
