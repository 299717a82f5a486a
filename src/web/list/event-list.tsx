/** The list of events. */
export function EventList() {
  return <main class="list" />;
}
