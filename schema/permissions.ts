import type { GraphQLSchema } from 'graphql';
import { requirePermission, type Permission } from '../src/auth/caller.ts';
import { TidingsError } from '../src/errors.ts';
import type { Context } from './context.ts';

/** The `authScopes` of a root field. Throws the error that the client gets, or returns true. */
type PermissionCheck = (root: unknown, args: unknown, context: Context) => true;

/**
 * The `authScopes` of a root field that requires a permission. The first rejection of an operation is logged.
 *
 * Why a function: the plugin caches what a scope map granted until the operation ends, but a key
 * can be revoked between two fields of one mutation.
 */
export function requires(permission: Permission): PermissionCheck {
  return (_root, _args, context) => {
    const { services, caller, address } = context;
    try {
      requirePermission(caller, permission);
      return true;
    } catch (error) {
      if (error instanceof TidingsError && !rejected.has(context)) {
        rejected.add(context);
        services.audit.rejected({ reason: error.code, protocol: 'graphql', address, caller });
      }
      throw error;
    }
  };
}

/** The operations with a rejection that is logged. */
const rejected = new WeakSet<Context>();

/** The `authScopes` of a root field that every caller may use. */
export const requiresNothing: PermissionCheck = () => true;

/** Returns the schema. Throws if a root field has no `authScopes`, or others than those above. */
export function checkRootFields(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const [name, { extensions }] of Object.entries(type?.getFields() ?? {})) {
      const { authScopes } = extensions['pothosOptions'] as { readonly authScopes?: unknown };
      if (typeof authScopes !== 'function') {
        throw new Error(`${type?.name}.${name}: expected authScopes: requires(…) or requiresNothing`);
      }
    }
  }
  return schema;
}
