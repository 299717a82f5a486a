import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, type TypedDocumentNode } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { isAbstractType, OperationTypeNode } from 'graphql';
import { describe, expect, test } from 'vitest';
import { cache, possibleTypes } from '../../../examples/clients/apollo-cache.mjs';
import { schema } from '../../../schema/index.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { documents, testCache, type CachingClient, type ResourceState, type ShownEvent } from './cache-contract.ts';
import { withoutTypenames } from './typenames.ts';

const eventsQuery: TypedDocumentNode<{ events: { nodes: ShownEvent[] } }> = gql(documents.events);
const resourceQuery: TypedDocumentNode<{ resource: ResourceState | null }> = gql(documents.resource);
const eventsSubscription: TypedDocumentNode<{ events: ShownEvent }> = gql(documents.liveEvents);

describe('the default cache of Apollo Client', () => {
  testCache((server) => openClient(server, new InMemoryCache()));
});

describe('the cache of examples/clients/apollo-cache.mjs', () => {
  testCache((server) => openClient(server, cache));

  test('shows fragments on interfaces, and combines selections without a further request', async () => {
    await using server = await startTestServer();
    const resource = { id: 'r', name: 'R', labels: { a: '1' } };
    const related = [{ id: 'x', role: 'y', name: 'X', labels: { b: '2' } }];
    await server.data('mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', {
      input: { id: 'e', event: 'a', resource, related },
    });
    const requests: string[] = [];
    const link = new HttpLink({
      uri: `${server.tidings.url}/graphql`,
      fetch: (url, init) => {
        requests.push(JSON.parse(init!.body as string).operationName);
        return fetch(url, init);
      },
    });
    await cache.reset();
    const client = new ApolloClient({ link, cache });
    const queryOf = (name: string, fields: string) => gql`
      query ${name} {
        event(id: "e") {
          id
          ... on Node { nodeId }
          resource { ... on ResourceSnapshot { ${fields} } }
          related { ... on ResourceSnapshot { ${fields} } }
        }
      }`;
    await client.query({ query: queryOf('First', 'name') });
    await client.query({ query: queryOf('Second', 'label(key: "b") resourceId') });
    const { data }: any = await client.query({ query: queryOf('Third', 'name resourceId') });
    expect(data.event).toMatchObject({ resource: { name: 'R', resourceId: 'r' }, related: [{ name: 'X', resourceId: 'x' }] });
    expect(requests).toEqual(['First', 'Second']);
  });

  test('has the types of all interfaces and unions', () => {
    const abstractTypes = Object.values(schema.getTypeMap()).filter(isAbstractType);
    const sorted = (types: Readonly<Record<string, readonly string[]>>) =>
      Object.fromEntries(Object.entries(types).map(([name, members]) => [name, members.toSorted()]));
    expect(sorted(possibleTypes)).toEqual(
      sorted(Object.fromEntries(abstractTypes.map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]))),
    );
  });
});

function openClient(server: TestServer, clientCache: InMemoryCache): CachingClient {
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(server.socket()),
    new HttpLink({ uri: `${server.tidings.url}/graphql` }),
  );
  const client = new ApolloClient({ link, cache: clientCache });
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
