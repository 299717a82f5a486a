const query = 'subscription ($after: Cursor) { events(after: $after) { id event } }';

/** Prints the events after a cursor in a browser, which reconnects and resumes by itself. */
export function listen(after) {
  let last = after;
  const variables = JSON.stringify({ after });
  const stream = new EventSource(`/graphql?${new URLSearchParams({ query, variables })}`);
  stream.addEventListener('next', ({ data, lastEventId }) => {
    const result = JSON.parse(data);
    if (result.data) console.log(result.data.events.event);
    else stop(result.errors);
    last = lastEventId;
  });
  stream.addEventListener('complete', () => stream.close()); // otherwise it reconnects
  stream.addEventListener('error', () => {
    // A browser does not reconnect after a response such as 503.
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000, last);
  });
  function stop(errors) {
    stream.close(); // for example CURSOR_EXPIRED: reconnecting would not help
    console.error(errors);
  }
}
