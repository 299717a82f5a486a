import type { GraphQLField, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { requireRight, type Right } from '../src/auth/caller.ts';
import { TidingsError } from '../src/errors.ts';
import type { Context } from './context.ts';

/** What a caller must have the right to, field by field; null: nothing. */
const needed: Readonly<Record<string, Right | null>> = {
  'Query.event': 'read',
  'Query.events': 'read',
  'Query.eventCounts': 'read',
  'Query.resource': 'read',
  'Query.resources': 'read',
  'Query.head': 'read',
  'Query.explainFilter': 'read',
  'Query.whyNot': 'read',
  'Query.service': null,
  'Query.apiKeys': 'admin',
  'Query.rejectedEvents': 'admin',
  'Mutation.emitEvent': 'emit',
  'Mutation.emitEvents': 'emit',
  'Mutation.createApiKey': 'admin',
  'Mutation.revokeApiKey': 'admin',
  'Subscription.events': 'read',
  'Subscription.eventStream': 'read',
  'Subscription.eventCounts': 'read',
};

/** Puts the check of rights before every field that an operation begins with. A field that is not in the table is a bug. */
export function withRights(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const [name, field] of Object.entries(type?.getFields() ?? {})) guard(type as GraphQLObjectType, name, field);
  }
  return schema;
}

function guard(type: GraphQLObjectType, name: string, field: GraphQLField<unknown, Context>): void {
  const right = needed[`${type.name}.${name}`];
  if (right === undefined) throw new Error(`${type.name}.${name}: nothing says who may ask for it`);
  if (right === null) return;
  const begin = type.name === 'Subscription' ? 'subscribe' : 'resolve';
  const inner = field[begin];
  if (inner === undefined) throw new Error(`${type.name}.${name} has nothing to ${begin}`);
  field[begin] = (...asked) => {
    check(asked[2], right);
    return inner(...asked);
  };
}

function check({ services, caller, address }: Context, right: Right): void {
  try {
    requireRight(caller, right);
  } catch (error) {
    if (error instanceof TidingsError) services.audit.refused({ reason: error.code, door: 'graphql', address, caller });
    throw error;
  }
}
