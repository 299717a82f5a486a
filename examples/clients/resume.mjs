/**
 * Wraps a client of graphql-ws or graphql-sse. Each new connection resumes after the last event received. An
 * operation that fails with `retryAfterMs` is repeated after that time. Every other error reaches the sink.
 */
export const resume = (client) => ({
  ...client,
  subscribe({ variables, ...payload }, sink) {
    let after = variables?.after;
    let stop;
    // The client sends the same object on every connection. The getter supplies the latest cursor.
    const resumed = {
      ...variables,
      get after() {
        return after;
      },
    };
    const start = () => {
      let isRepeated = false;
      const repeat = ({ message, extensions: { retryAfterMs } }) => {
        console.error(`repeating in ${retryAfterMs} ms: ${message}`);
        isRepeated = true;
        stop();
        const timer = setTimeout(start, retryAfterMs);
        stop = () => clearTimeout(timer);
      };
      const next = (result) => {
        if (isRepeated) return;
        if (!result.data && isTemporary(result.errors)) return repeat(result.errors[0]);
        after = Object.values(result.data ?? {})[0]?.cursor ?? after;
        sink.next(result);
      };
      const error = (reason) =>
        isTemporary(reason) ? repeat(reason[0]) : sink.error(errorOf(reason));
      const complete = () => isRepeated || sink.complete();
      stop = client.subscribe({ ...payload, variables: resumed }, { next, error, complete });
    };
    start();
    return () => stop();
  },
});

const isTemporary = (errors) => errors?.[0]?.extensions?.retryAfterMs !== undefined;

/** Close events of WebSockets are no errors, and have no message. */
const errorOf = (reason) =>
  Array.isArray(reason) || reason instanceof Error
    ? reason
    : Object.assign(new Error(`closed with ${reason.code}: ${reason.reason}`), {
        code: reason.code,
      });
