import type { GraphQLField, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { requirePermission, type Permission } from '../src/auth/caller.ts';
import { TidingsError } from '../src/errors.ts';
import type { Context } from './context.ts';

/** What a caller must have the right to, field by field; null: nothing. */
const requiredPermissions: Readonly<Record<string, Permission | null>> = {
  'Query.event': 'read',
  'Query.events': 'read',
  'Query.eventCounts': 'read',
  'Query.resource': 'read',
  'Query.resources': 'read',
  'Query.eventFields': 'read',
  'Query.head': 'read',
  'Query.node': 'read',
  'Query.explainFilter': 'read',
  'Query.whyNot': 'read',
  'Query.service': null,
  'Query.me': null,
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
export function withPermissions(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const [name, field] of Object.entries(type?.getFields() ?? {})) guard(type as GraphQLObjectType, name, field);
  }
  return schema;
}

function guard(type: GraphQLObjectType, name: string, field: GraphQLField<unknown, Context>): void {
  const permission = requiredPermissions[`${type.name}.${name}`];
  if (permission === undefined) throw new Error(`${type.name}.${name}: nothing says who may ask for it`);
  if (permission === null) return;
  const resolverName = type.name === 'Subscription' ? 'subscribe' : 'resolve';
  const inner = field[resolverName];
  if (inner === undefined) throw new Error(`${type.name}.${name} has nothing to ${resolverName}`);
  field[resolverName] = (...args) => {
    checkPermission(args[2], permission);
    return inner(...args);
  };
}

function checkPermission({ services, caller, address }: Context, permission: Permission): void {
  try {
    requirePermission(caller, permission);
  } catch (error) {
    if (error instanceof TidingsError) services.audit.rejected({ reason: error.code, protocol: 'graphql', address, caller });
    throw error;
  }
}
