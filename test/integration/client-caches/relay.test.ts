import {
  createOperationDescriptor,
  Environment,
  fetchQuery,
  getSingularSelector,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
  type ConcreteRequest,
  type Snapshot,
} from 'relay-runtime';
import { describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { testCache, type CachingClient, type ShownEvent } from './cache-contract.ts';
import { eventsQuery, eventsSubscription, refetchQuery, resourceFragment, resourceIdQuery, resourceQuery } from './relay/cache.ts';

describe('the store of Relay, with records by nodeId', () => {
  testCache(open);

  test('the compiler makes a query of a @refetchable fragment, which reads the node', async () => {
    await using server = await startTestServer();
    await server.data('mutation { emitEvent(input: { id: "r", event: "a", resource: { id: "r", name: "R" } }) { status } }');
    const environment = environmentOf(server);
    const { resource }: any = await fetchQuery(environment, resourceIdQuery, { id: 'r' }).toPromise();
    const { node }: any = await fetchQuery(environment, refetchQuery, { nodeId: resource.nodeId }).toPromise();
    expect(environment.lookup(getSingularSelector(resourceFragment, node) as any).data).toMatchObject({ id: 'r', name: 'R' });
  });
});

function environmentOf(server: TestServer): Environment {
  const socket = server.socket();
  return new Environment({
    network: Network.create(
      ({ text }, variables) => server.execute(text!, variables) as Promise<any>,
      ({ text }, variables) => Observable.create((sink) => socket.subscribe({ query: text!, variables }, sink as any)),
    ),
    store: new Store(new RecordSource()),
    getDataID: (object: any) => object.nodeId,
  });
}

function open(server: TestServer): CachingClient {
  const environment = environmentOf(server);
  const disposables: { dispose(): void }[] = [];
  return {
    watchEvents: () => watch(eventsQuery, {}, ({ events }) => events.nodes),
    watchResource: (id) => watch(resourceQuery, { id }, ({ resource }) => resource),
    listen(after) {
      const received: ShownEvent[] = [];
      disposables.push(
        requestSubscription<any>(environment, {
          subscription: eventsSubscription,
          variables: { after },
          onNext: (data) => received.push(data.events),
        }),
      );
      return received;
    },
    async [Symbol.asyncDispose]() {
      disposables.forEach((each) => each.dispose());
    },
  };

  function watch<Shown>(query: ConcreteRequest, variables: object, select: (data: any) => Shown) {
    const operation = createOperationDescriptor(query, variables);
    let snapshot: Snapshot | null = null;
    disposables.push(environment.retain(operation));
    const refetch = async (): Promise<void> => {
      await fetchQuery(environment, query, variables).toPromise();
      if (snapshot !== null) return;
      snapshot = environment.lookup(operation.fragment);
      disposables.push(environment.subscribe(snapshot, (changed) => (snapshot = changed)));
    };
    void refetch();
    return {
      latest: () => (snapshot === null || snapshot.isMissingData ? undefined : select(snapshot.data)),
      refetch,
    };
  }
}
