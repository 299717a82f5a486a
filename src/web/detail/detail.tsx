import { viewOf } from '../view/current-view.ts';

const openEvent = viewOf(({ event }) => event);

/** The open event. */
export function Detail() {
  const id = openEvent.value;
  return id === null ? null : <section class="detail" aria-label="Event" />;
}
