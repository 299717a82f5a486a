/** The state of the connection, in words. */
export function ConnectionStatus() {
  return <div role="status">Live</div>;
}
