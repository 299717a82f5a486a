import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import './scalars.ts';
import './events/paging.ts';
import './resources.ts';
import './events/chain.ts';
import './events/events.ts';
import './events/emit.ts';
import './events/subscription.ts';
import './events/stream.ts';
import './counts/counts.ts';
import './counts/subscription.ts';
import './events/event-fields.ts';
import './events/explain.ts';
import './admin/service.ts';
import './admin/rejected-events.ts';
import './admin/api-keys.ts';
import { checkRootFields } from './permissions.ts';

export { createContext } from './context.ts';

/** The public API. */
export const schema: GraphQLSchema = checkRootFields(builder.toSchema({}));
