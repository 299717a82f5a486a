import { many } from './requests.ts';

const operation = (value: string): string => `{"id":"e","query":"{ head }","payload":{"a":1},"variables":{"unused":${value}}}`;
const query = (text: string): string => JSON.stringify({ query: text });

/** Bodies with much of one kind of JSON. */
export const values: Record<string, string> = {
  'a number of 12 MB of digits': operation('1'.repeat(12_000_000)),
  'a number of 12 MB of zeros': operation(`0.${'0'.repeat(12_000_000)}1`),
  'numbers with large exponents': operation(`[${'1e999999,'.repeat(1_000_000)}1]`),
  '12 MB of lone surrogates': operation(`"${'\\ud800'.repeat(2_000_000)}"`),
  '12 MB of characters of four bytes': operation(`"${'\u{1F600}'.repeat(3_000_000)}"`),
  '99,000 keys of escapes': operation(`{${many(99_000, (n) => `"\\u0061\\u00e9${n}":1`).join(',')}}`),
  '99,000 keys that are numbers': operation(`{${many(99_000, (n) => `"${n * 40_009}":1`).join(',')}}`),
  'keys with 1,400 equal characters': operation(`{${many(11_000, (n) => `"${'k'.repeat(1400)}${n}":1`).join(',')}}`),
  'lists of 900 levels': operation(`[${many(8000, () => '['.repeat(900) + ']'.repeat(900)).join(',')}]`),
  'objects of 900 levels': operation(`[${many(2000, () => `${'{"a":'.repeat(900)}1${'}'.repeat(900)}`).join(',')}]`),
  blanks: ' '.repeat(16_000_000),
};

/** Operations with much of one part of a document. */
export const documents: Record<string, string> = {
  'a document of many variables': query(`query (${many(2000, (n) => `$v${n}: Int = ${n}`).join(' ')}) { head }`),
  'a document of many operations': query(many(1900, (n) => `query q${n} { head }`).join(' ')),
  'a document of nested lists': query(`{ events(filter: { id: { in: ${'['.repeat(4900)}${']'.repeat(4900)} } }) { nodes { id } } }`),
  'a document of nested fields': query(`{ ${'a { '.repeat(3300)} a ${'}'.repeat(3300)} }`),
  'a document of directives': query(`{ ${many(50, () => 'head @skip(if: false)').join(' ')} ${'head @include(if: true) '.repeat(1000)} }`),
  'a document of aliases': query(`{ ${many(2400, (n) => `a${n}: head`).join(' ')} }`),
  'a document of fragments in a circle': query(
    `{ ...f0 } ${many(600, (n) => `fragment f${n} on Query { ...f${(n + 1) % 600} }`).join(' ')}`,
  ),
  'a document of numbers': query(`{ events(first: ${'1'.repeat(900_000)}) { nodes { id } } }`),
  'a document of brackets': query('{'.repeat(900_000)),
  'a hash of 12 MB': JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(12_000_000) } } }),
};
