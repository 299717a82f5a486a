import SchemaBuilder from '@pothos/core';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import type { EventPart, JsonObject, Labels } from '../src/event/event.ts';
import type { Context } from './context.ts';

/**
 * Marks fields that use a part of an event: an operation without any of them does not read it.
 *
 * Assumes: a field of an event or of a snapshot that uses a part is marked.
 */
export function reads(...readsParts: readonly EventPart[]): { readonly readsParts: readonly EventPart[] } {
  return { readsParts };
}

/** Scalar inputs are unchecked: resolvers validate them, so that an error can name the path of the input. */
export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: string; Output: string };
    JSON: { Input: unknown; Output: unknown };
    JSONObject: { Input: unknown; Output: JsonObject };
    Labels: { Input: unknown; Output: Labels };
    Cursor: { Input: string; Output: string };
  };
}>({
  defaultFieldNullability: false,
  plugins: [ScopeAuthPlugin],
  // A subscription is checked once, when it starts; its messages and all other fields stay unwrapped.
  scopeAuth: { authScopes: () => ({}), authorizeOnSubscribe: true },
});

builder.queryType({ description: 'Read events, counts and resources.' });
builder.mutationType({ description: 'Emit events and manage API keys.' });
builder.subscriptionType({ description: 'Receive events and counts as they change.' });
