import { GraphQLError, Kind, valueFromASTUntyped, type ValueNode } from 'graphql';
import { numberOf } from '../src/json/exact-number.ts';
import { builder } from './builder.ts';

builder.scalarType('DateTime', {
  description: 'An instant in UTC, RFC 3339, microsecond precision on input and output, for example 2026-11-23T14:41:10.863461Z.',
  serialize: (value) => value,
  parseValue: text('DateTime'),
});
builder.scalarType('Cursor', {
  description: 'An opaque position in the event log or in a page. Do not compare, parse or build it; only pass it back.',
  serialize: (value) => value,
  parseValue: text('Cursor'),
});
builder.scalarType('JSON', { description: 'Any JSON value.', serialize: (value) => value, parseValue: same, parseLiteral: anyLiteral });
builder.scalarType('JSONObject', {
  description: "A JSON object. An event's payload.",
  extensions: { isJson: true }, // JSON text of a value is its result (src/server/graphql/subscribe/compiled-results.ts)
  serialize: (value) => value,
  parseValue: same,
  parseLiteral: anyLiteral,
});
builder.scalarType('Labels', {
  description: 'A JSON object whose values are all strings: label names to label values.',
  serialize: (value) => value,
  parseValue: same,
  parseLiteral: anyLiteral,
});

function text(name: string): (value: unknown) => string {
  return (value) => {
    if (typeof value === 'string') return value;
    throw new GraphQLError(`${name} must be a string.`);
  };
}

function same(value: unknown): unknown {
  return value;
}

function anyLiteral(node: ValueNode, variables: Readonly<Record<string, unknown>> | null | undefined): unknown {
  switch (node.kind) {
    case Kind.INT:
    case Kind.FLOAT:
      return numberOf(node.value);
    case Kind.LIST:
      return node.values.map((each) => anyLiteral(each, variables));
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, anyLiteral(value, variables)]));
    default:
      return valueFromASTUntyped(node, variables);
  }
}
