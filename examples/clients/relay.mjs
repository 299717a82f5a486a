import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime';
import { client } from './client.mjs';
import { credentials } from './credentials.mjs';

async function query({ name, text }, variables) {
  const response = await fetch('http://127.0.0.1:4000/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...credentials() },
    body: JSON.stringify({ operationName: name, query: text, variables }),
  });
  return response.json();
}

function subscribe({ name, text }, variables) {
  return Observable.create((sink) =>
    client.subscribe({ operationName: name, query: text, variables }, sink),
  );
}

export const environment = new Environment({
  network: Network.create(query, subscribe),
  store: new Store(new RecordSource()),
  // Relay identifies records by `id` across types. An event and a resource can have the same id, so use nodeId.
  getDataID: (object) => object.nodeId,
});
