import { useSignal, type Signal } from '@preact/signals';
import { parseLocal } from '../text/time-format.ts';
import { rangeFieldText, rangeText } from '../text/time-range-text.ts';
import { neighbourOf, secondsAgo, type TimeRange } from '../text/time-range.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { show, view } from '../view/current-view.ts';

const presets: readonly TimeRange[] = ['-15m', '-1h', '-24h', '-7d', null].map((since) => ({ since, until: null }));

/** The choice of a time range: presets, steps, and one's own from and to. */
export function RangeChoice() {
  const { range } = view.value;
  const zone = zoneOrLocal(view.value.zone);
  const from = useSignal(rangeFieldText(range.since, zone));
  const to = useSignal(rangeFieldText(range.until, zone));
  const problem = useSignal<string | null>(null);
  const choose = (next: TimeRange | null): void => {
    if (next === null) return;
    show({ range: next });
    from.value = rangeFieldText(next.since, zone);
    to.value = rangeFieldText(next.until, zone);
    problem.value = null;
  };
  const apply = (): void => {
    const [since, until] = [from.peek(), to.peek()].map((text) => endOf(text, zone));
    if (since === undefined || until === undefined) {
      problem.value = 'Expected a time such as 2026-11-23 14:41, or -2h for two hours ago.';
    } else if (since !== null && until !== null && !since.startsWith('-') && !until.startsWith('-') && since >= until) {
      problem.value = 'The range ends before it begins.';
    } else {
      choose({ since, until });
    }
  };
  return (
    <div class="range-choice">
      <div class="range-presets" role="group" aria-label="Presets">
        {presets.map((preset) => (
          <button
            key={preset.since}
            type="button"
            class="button quiet"
            aria-pressed={preset.since === range.since && range.until === null}
            onClick={() => choose(preset)}
          >
            {rangeText(preset, zone, Date.now())}
          </button>
        ))}
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          apply();
        }}
      >
        <End name="From" placeholder="the beginning" text={from} isInvalid={problem.value !== null} />
        <End name="To" placeholder="now" text={to} isInvalid={problem.value !== null} />
        <p class="faint">Times of {zone}. To the microsecond, or with an offset: 2026-11-23T14:41:10.863461Z</p>
        {problem.value !== null && (
          <p role="alert" class="filter-problem">
            {problem.value}
          </p>
        )}
        <div class="range-steps">
          <button
            type="button"
            class="button quiet"
            title="Earlier"
            disabled={range.since === null}
            onClick={() => choose(neighbourOf(range, -1, Date.now()))}
          >
            <kbd>[</kbd> Earlier
          </button>
          <button
            type="button"
            class="button quiet"
            title="Later"
            disabled={range.until === null}
            onClick={() => choose(neighbourOf(range, 1, Date.now()))}
          >
            <kbd>]</kbd> Later
          </button>
          <button type="submit" class="button primary">
            Apply
          </button>
        </div>
      </form>
    </div>
  );
}

interface EndProps {
  readonly name: string;
  readonly placeholder: string;
  readonly text: Signal<string>;
  readonly isInvalid: boolean;
}

/** The field for one end of the range. */
function End({ name, placeholder, text, isInvalid }: EndProps) {
  return (
    <label>
      <span class="section-title">{name}</span>
      <input
        class="field number"
        placeholder={placeholder}
        autocomplete="off"
        aria-invalid={isInvalid}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
    </label>
  );
}

/** One end of a range; null: open; undefined: not a time. */
function endOf(text: string, zone: string): string | null | undefined {
  const written = text.trim();
  if (written === '' || written === 'now') return null;
  if (secondsAgo(written) !== null) return written;
  return parseLocal(written, zone) ?? undefined;
}
