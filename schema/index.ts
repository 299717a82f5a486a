import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import './scalars.ts';
import './paging.ts';
import './resource.ts';
import './resources.ts';
import './chain.ts';
import './events.ts';
import './emit.ts';
import './live.ts';
import './stream.ts';
import './counts.ts';
import './live-counts.ts';
import './explain.ts';
import './service.ts';
import './rejected-events.ts';
import './api-keys.ts';
import { withRights } from './rights.ts';

export { createContext } from './context.ts';

/** The public API. */
export const schema: GraphQLSchema = withRights(builder.toSchema({}));
