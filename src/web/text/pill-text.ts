/** Live events that wait: all, and those of them that are late. */
export interface NewCounts {
  readonly count: number;
  readonly late: number;
}

/** `36 new, 1 late`; null: nothing is new. */
export function pillText({ count, late }: NewCounts, newAbove: number): string | null {
  if (count > 0) return `${number(count - late)} new${late === 0 ? '' : `, ${number(late)} late`}`;
  return newAbove > 0 ? `${number(newAbove)} new above` : null;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
