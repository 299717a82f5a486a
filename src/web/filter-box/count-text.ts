const format = new Intl.NumberFormat('en-US');

/** A count with separators: 12,400. */
export function countText(count: number): string {
  return format.format(count);
}

/** An estimate: three digits are as many as it has. */
export function aboutText(count: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count))) - 2);
  return countText(Math.round(count / unit) * unit);
}
