import { printable } from '../text/printable.ts';

/** The name of an event. Its last segment stands out. */
export function EventName({ name }: { readonly name: string }) {
  const at = name.lastIndexOf('.') + 1;
  return (
    <>
      {at > 0 && <span class="muted">{printable(name.slice(0, at))}</span>}
      <span class="event-verb">{printable(name.slice(at))}</span>
    </>
  );
}
