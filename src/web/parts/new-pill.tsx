import { pillText, type NewCounts } from '../text/pill-text.ts';

interface NewPillProps {
  readonly held: NewCounts;
  /** Revealed events that are above what is in view. */
  readonly newAbove: number;
  /** Whether the top is far away. */
  readonly isFar: boolean;
  readonly onPress: () => void;
}

/** Shows the events that wait; pressed again, it goes to the newest one. */
export function NewPill({ held, newAbove, isFar, onPress }: NewPillProps) {
  const text = pillText(held, newAbove);
  if (text === null && !isFar) return null;
  return (
    <button type="button" class={text === null ? 'new-pill quiet' : 'new-pill'} onClick={onPress}>
      <span aria-hidden="true">▲</span> {text ?? 'Top'}
    </button>
  );
}
