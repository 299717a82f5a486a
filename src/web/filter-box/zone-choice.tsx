import { useSignal } from '@preact/signals';
import { findZones, localZone, offsetAt, offsetText, zoneOrLocal } from '../text/time-zones.ts';
import { show, view } from '../view/current-view.ts';

/** The choice of a time zone, with search by name and offset. */
export function ZoneChoice() {
  const text = useSignal('');
  const chosen = zoneOrLocal(view.value.zone);
  const local = localZone();
  const now = Date.now() / 1000;
  const found = findZones(text.value, now);
  const suggested = text.value.trim() === '' ? [...new Set([local, 'UTC', chosen])] : [];
  const zones = [...suggested, ...found.filter((zone) => !suggested.includes(zone))].slice(0, maxZones);
  return (
    <div class="zone-choice">
      <input
        class="field"
        type="search"
        aria-label="Search a time zone"
        placeholder="City, region or offset: berlin, +5:30"
        autocomplete="off"
        spellcheck={false}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && zones[0] !== undefined) choose(zones[0]);
        }}
      />
      <ul class="zone-list" aria-label="Time zones">
        {zones.map((zone) => (
          <li key={zone}>
            <button type="button" class="menu-item" aria-pressed={zone === chosen} onClick={() => choose(zone)}>
              <span class="cut">{zone.replaceAll('_', ' ')}</span>
              {zone === local && <span class="faint">this browser</span>}
              <span class="number faint">{offsetText(offsetAt(zone, now))}</span>
            </button>
          </li>
        ))}
      </ul>
      {zones.length === 0 && <p class="faint">No time zone has this name or offset.</p>}
    </div>
  );
}

/** A link without a zone shows times in the zone of its reader. */
function choose(zone: string): void {
  show({ zone: zone === localZone() ? null : zone });
}

const maxZones = 60;
