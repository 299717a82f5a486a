import { GlobeIcon } from '../parts/icons.tsx';
import { lazy } from '../parts/lazy.tsx';
import { Popover } from '../parts/popover.tsx';
import { offsetAt, shortOffset, zoneOrLocal } from '../text/time-zones.ts';
import { view } from '../view/current-view.ts';

const ZoneChoice = lazy(async () => (await import('./zone-choice.tsx')).ZoneChoice);

/** The time zone of everything that the page shows. */
export function ZoneMenu() {
  const zone = zoneOrLocal(view.value.zone);
  const offset = offsetAt(zone, Date.now() / 1000);
  return (
    <Popover
      label={`Time zone: ${zone} ${shortOffset(offset)}`}
      button={
        <>
          <GlobeIcon />
          <span class="cut zone-name">{zone}</span> <span class="number faint">{shortOffset(offset)}</span>
        </>
      }
    >
      <ZoneChoice />
    </Popover>
  );
}
