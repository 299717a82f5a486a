import SchemaBuilder from '@pothos/core';
import type { JsonObject, Labels } from '../src/event/event.ts';
import type { Context } from './context.ts';

/** Scalars come in unchecked: what they must be is checked where they are used, so that the answer can name the place. */
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
}>({ defaultFieldNullability: false });

builder.queryType({ description: 'Asking what happened.' });
builder.mutationType({ description: 'Telling what happened.' });
builder.subscriptionType({ description: 'Listening to what happens.' });
