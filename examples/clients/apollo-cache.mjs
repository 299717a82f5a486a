import { InMemoryCache } from '@apollo/client';

export const possibleTypes = {
  Node: ['Event', 'Resource'],
  ResourceSnapshot: ['PrimaryResource', 'RelatedResource'],
  EventStreamMessage: ['EventBatch', 'CaughtUp', 'FellBehind', 'Checkpoint', 'Gap'],
};

/** Merges the fields that several queries select of the same snapshots: those of one event never change. */
const mergeEach = (existing = [], incoming, { mergeObjects }) =>
  incoming.map((snapshot, n) =>
    existing[n] === undefined ? snapshot : mergeObjects(existing[n], snapshot),
  );

export const cache = new InMemoryCache({
  possibleTypes,
  typePolicies: {
    PrimaryResource: { merge: true },
    Event: { fields: { related: { merge: mergeEach } } },
  },
});
