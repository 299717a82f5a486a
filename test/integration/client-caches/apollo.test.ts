import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, type TypedDocumentNode } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { describe } from 'vitest';
import type { TestServer } from '../../support/test-server.ts';
import { documents, testCache, type CachingClient, type ResourceState, type ShownEvent } from './cache-contract.ts';
import { withoutTypenames } from './typenames.ts';

const eventsQuery: TypedDocumentNode<{ events: { nodes: ShownEvent[] } }> = gql(documents.events);
const resourceQuery: TypedDocumentNode<{ resource: ResourceState | null }> = gql(documents.resource);
const eventsSubscription: TypedDocumentNode<{ events: ShownEvent }> = gql(documents.liveEvents);

describe('the default cache of Apollo Client', () => {
  testCache(open);
});

function open(server: TestServer): CachingClient {
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(server.socket()),
    new HttpLink({ uri: `${server.tidings.url}/graphql` }),
  );
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return {
    watchEvents: () => watch(eventsQuery, {}, ({ events }) => events.nodes),
    watchResource: (id) => watch(resourceQuery, { id }, ({ resource }) => resource),
    listen(after) {
      const received: ShownEvent[] = [];
      client.subscribe({ query: eventsSubscription, variables: { after } }).subscribe(({ data }) => {
        received.push(withoutTypenames(data!.events));
      });
      return received;
    },
    async [Symbol.asyncDispose]() {
      client.stop();
    },
  };

  function watch<Data, Shown>(query: TypedDocumentNode<Data>, variables: object, select: (data: Data) => Shown) {
    const observable = client.watchQuery({ query, variables });
    let latest: Shown | undefined;
    observable.subscribe(({ data, dataState }) => {
      latest = dataState === 'complete' ? withoutTypenames(select(data as Data)) : undefined;
    });
    return { latest: () => latest, refetch: async () => void (await observable.refetch()) };
  }
}
