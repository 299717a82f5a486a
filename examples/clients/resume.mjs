/** Wraps a client of graphql-ws or graphql-sse: each new connection resumes after the last event received. */
export const resume = (client) => ({
  ...client,
  subscribe({ variables, ...payload }, sink) {
    let after = variables?.after;
    const next = (result) => {
      after = Object.values(result.data ?? {})[0]?.cursor ?? after;
      sink.next(result);
    };
    // The client sends the same object on every connection. The getter supplies the latest cursor.
    const resumed = {
      ...variables,
      get after() {
        return after;
      },
    };
    return client.subscribe({ ...payload, variables: resumed }, { ...sink, next });
  },
});
