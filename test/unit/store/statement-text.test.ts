import { sql, type SQL } from 'drizzle-orm';
import { integer, PgDialect, pgTable } from 'drizzle-orm/pg-core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { statementText } from '../../../src/store/database/statements.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const table = pgTable('some table', { column: integer('a"b') });
const value = fc.oneof(fc.string(), fc.integer(), fc.bigInt(), fc.boolean(), fc.constant(null));
/** Parts that drizzle renders. */
const other = fc.constantFrom<unknown>(
  table,
  table.column,
  [1, 'two'],
  [],
  sql.identifier('a"b'),
  sql.param('x'),
  new Date(0),
  sql`x`.as('y'),
);

const statement = (parts: fc.Arbitrary<unknown>): fc.Arbitrary<SQL> =>
  fc.letrec<{ statement: SQL }>((tie) => ({
    statement: fc.oneof(
      { maxDepth: 5 },
      fc.string().map((text) => sql.raw(text)),
      fc.tuple(parts, parts).map(([one, two]) => sql`select ${one} and ${two}`),
      fc.constant(sql.empty()),
      fc.tuple(parts, tie('statement')).map(([one, inner]) => sql`(${inner}) = ${one} or ${undefined} ${inner}`),
      fc.array(tie('statement'), { maxLength: 4 }).map((list) => sql.join(list, sql` and `)),
    ),
  })).statement;

test.each([
  ['values', value, 3000],
  ['values and all other parts', fc.oneof({ arbitrary: value, weight: 8 }, other), 3000],
] as const)('a statement of texts, statements and %s is as drizzle renders it', (_, parts, numRuns) => {
  const dialect = new PgDialect();
  fc.assert(
    fc.property(statement(parts), (each) => {
      const { sql: text, params: parameters } = dialect.sqlToQuery(each);
      expect(statementText(each)).toEqual({ text, parameters });
    }),
    { seed: testSeed(), numRuns },
  );
});

test('values that drizzle puts into the text stay there', () => {
  expect(statementText(sql`select ${sql`${'a'}`.inlineParams()} from ${'b'}`)).toEqual({ text: "select 'a' from $1", parameters: ['b'] });
});
