/** A column that was chosen in addition: a label of the primary resource, or a value inside the payload. */
export type Column = { readonly is: 'label'; readonly key: string } | { readonly is: 'payload'; readonly path: string };

/** Reads a column as the view has it: a label key, or a payload path as `payload.<path>`. */
export function columnOf(text: string): Column {
  if (text.startsWith(payload)) return { is: 'payload', path: text.slice(payload.length) };
  return { is: 'label', key: text.startsWith(label) ? text.slice(label.length) : text };
}

/** A label key that reads like another column is written as `label.<key>`. */
export function columnText(column: Column): string {
  if (column.is === 'payload') return `${payload}${column.path}`;
  return column.key.startsWith(payload) || column.key.startsWith(label) ? `${label}${column.key}` : column.key;
}

const payload = 'payload.';
const label = 'label.';
