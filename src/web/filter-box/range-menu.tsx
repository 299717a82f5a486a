/** The time range of the list. */
export function RangeMenu() {
  return null;
}
