// A rival: the recipe for subscriptions over WebSocket in Yoga's documentation (createPubSub,
// graphql-ws's useServer on ws), with the fields that the benchmarks request. It tests every filter
// on every event and stores nothing.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga, filter as keeping, pipe } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import type { BenchEvent } from '../load/emitting.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';

const pubSub = createPubSub<{ events: [event: BenchEvent] }>();
let open = 0;

const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: /* GraphQL */ `
      scalar Labels
      scalar JSONObject
      scalar DateTime
      type PrimaryResource {
        resourceId: ID!
      }
      type Event {
        id: ID!
        event: String!
        resource: PrimaryResource!
      }
      input ResourceInput {
        id: ID!
        name: String
        labels: Labels
      }
      input RelatedResourceInput {
        id: ID!
        role: String!
        name: String
        labels: Labels
      }
      input EventInput {
        id: ID
        occurred: DateTime
        event: String!
        resource: ResourceInput!
        related: [RelatedResourceInput!]
        payload: JSONObject
        follows: ID
      }
      input StringFilter {
        in: [String!]
        startsWith: [String!]
      }
      input LabelFilter {
        key: String!
        in: [String!]
      }
      input ResourceFilter {
        id: StringFilter
        labels: [LabelFilter!]
      }
      input RelatedFilter {
        id: StringFilter
        role: [String!]
      }
      input EventFilter {
        event: StringFilter
        resource: ResourceFilter
        related: [RelatedFilter!]
      }
      type EmitEventsPayload {
        created: Int!
      }
      type Query {
        version: String!
      }
      type Mutation {
        emitEvents(input: [EventInput!]!): EmitEventsPayload!
      }
      type Subscription {
        events(filter: EventFilter): Event!
      }
    `,
    resolvers: {
      Query: { version: () => '1' },
      PrimaryResource: { resourceId: ({ id }: BenchEvent['resource']) => id },
      Mutation: {
        emitEvents(_root, { input }: { input: BenchEvent[] }) {
          for (const event of input) pubSub.publish('events', event);
          return { created: input.length };
        },
      },
      Subscription: {
        events: {
          subscribe(_root, { filter }: { filter?: EventFilterInput }) {
            open += 1;
            const events = pubSub.subscribe('events');
            return filter === undefined
              ? events
              : pipe(
                  events,
                  keeping((event) => matchesFilter(filter, event)),
                );
          },
          resolve: (event: BenchEvent) => event,
        },
      },
    },
  }),
});

/** The part of a filter that the benchmarks use. */
function matchesFilter({ event: name, resource, related }: EventFilterInput, event: BenchEvent): boolean {
  const texts = (test: { in?: readonly string[]; startsWith?: readonly string[] } | null | undefined, value: string): boolean =>
    (!test?.in || test.in.includes(value)) && (!test?.startsWith || test.startsWith.some((each) => value.startsWith(each)));
  if (name && !texts(name as object, event.event)) return false;
  if (resource?.id && !texts(resource.id as object, event.resource.id)) return false;
  const labels = event.resource.labels ?? {};
  if (resource?.labels && !resource.labels.every(({ key, in: values }) => values?.includes(labels[key] ?? ''))) return false;
  return (related ?? []).every(({ role, id }) =>
    (event.related ?? []).some((each) => (!role || role.includes(each.role)) && (!id || texts(id as object, each.id))),
  );
}

const server = createServer((request, response) => {
  if (request.url === '/metrics') response.end(`tidings_subscriptions ${open}\n`);
  else void yoga(request, response);
});
const sockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint });

useServer(
  {
    execute: (args: any) => args.rootValue.execute(args),
    subscribe: (args: any) => args.rootValue.subscribe(args),
    onSubscribe: async (context, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length > 0 ? errors : args;
    },
    onComplete: () => void (open -= 1),
  },
  sockets,
);

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.once('SIGTERM', () => process.exit(0));
