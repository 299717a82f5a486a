import { stringifyLossless } from '../../client/tidings-client.ts';
import { columnText } from '../view/columns.ts';
import type { EventField, EventFields } from './sampled-fields.ts';

/** A column that can be chosen. */
export interface ColumnChoice {
  /** As the view has it. */
  readonly column: string;
  readonly group: 'Labels' | 'Payload';
  readonly name: string;
  /** A value as text, cut. */
  readonly example: string;
}

/** The columns that the sampled events offer and whose name or example contains a text. */
export function choicesOf({ labels, payloadPaths }: EventFields, search: string): readonly ColumnChoice[] {
  const wanted = search.trim().toLowerCase();
  const choices = [
    ...labels.map((field) => choice(field, 'Labels', columnText({ is: 'label', key: field.name }))),
    // A path through all elements of a list has many values.
    ...payloadPaths
      .filter(({ name }) => !hasStar(name))
      .map((field) => choice(field, 'Payload', columnText({ is: 'payload', path: field.name }))),
  ];
  return choices.filter(({ name, example }) => `${name}\n${example}`.toLowerCase().includes(wanted));
}

function choice({ name, example }: EventField, group: ColumnChoice['group'], column: string): ColumnChoice {
  const text = typeof example === 'string' ? example : stringifyLossless(example);
  return { column, group, name, example: text.length > maxExample ? `${text.slice(0, maxExample)}…` : text };
}

/** Whether a path has the step `*`. Quoted keys can contain one. */
function hasStar(path: string): boolean {
  return path
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, 'k')
    .split('.')
    .includes('*');
}

/** The columns with one moved by a place, up or down. */
export function moved(columns: readonly string[], column: string, step: 1 | -1): readonly string[] {
  const at = columns.indexOf(column);
  const to = at + step;
  if (at === -1 || to < 0 || to >= columns.length) return columns;
  return columns.toSpliced(at, 1).toSpliced(to, 0, column);
}

const maxExample = 60;
