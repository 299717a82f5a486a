import { ClockIcon } from '../parts/icons.tsx';
import { lazy } from '../parts/lazy.tsx';
import { Popover } from '../parts/popover.tsx';
import { useShortcut } from '../parts/shortcut.ts';
import { rangeText } from '../text/time-range-text.ts';
import { neighbourOf } from '../text/time-range.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { show, view } from '../view/current-view.ts';

const RangeChoice = lazy(async () => (await import('./range-choice.tsx')).RangeChoice);

/** The time range of the list. */
export function RangeMenu() {
  const { range, zone } = view.value;
  useShortcut('[ ]', ({ key }) => {
    const next = neighbourOf(view.peek().range, key === '[' ? -1 : 1, Date.now());
    if (next !== null) show({ range: next });
  });
  const text = rangeText(range, zoneOrLocal(zone), Date.now());
  return (
    <Popover
      label={`Time range: ${text}`}
      shortcut="t"
      class="button"
      button={
        <>
          <ClockIcon /> <span class="number cut">{text}</span>
        </>
      }
    >
      <RangeChoice />
    </Popover>
  );
}
