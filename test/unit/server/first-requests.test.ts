import { parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../../schema/index.ts';
import { defaultQuery } from '../../../src/server/graphql/graphiql-page.ts';
import { homePage } from '../../../src/server/home-page.ts';

const problemsOf = (document: string): readonly string[] => validate(schema, parse(document)).map(({ message }) => message);

test('the operations that GraphiQL shows first are valid', () => {
  expect(problemsOf(defaultQuery)).toEqual([]);
});

test.each([true, false])('the command of the home page is valid, open: %s', (isOpen) => {
  const page = homePage({ version: '1.2.3', host: '127.0.0.1:4000', isOpen });
  const body = /-d '(.+?)'<\/pre>/.exec(page)![1]!;
  expect(problemsOf(JSON.parse(body).query)).toEqual([]);
  expect(page.includes('authorization: Bearer')).toBe(!isOpen);
  expect(page).toContain('http://127.0.0.1:4000/graphql');
});

test.each(['<script>', 'a"b', undefined, 'x y', ''])('the home page does not repeat the host %j', (host) => {
  const page = homePage({ version: '1.2.3', host, isOpen: true });
  expect(page).toContain('http://localhost:4000/graphql');
  if (host) expect(page).not.toContain(`//${host}/`);
});
