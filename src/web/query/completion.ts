import { jsonScalar, jsonText, keyText, literalText, pathText } from './query-value.ts';

/** Something that a text can be completed with. */
export interface Completion {
  /** The whole item after it was chosen. */
  readonly text: string;
  /** Beside it: what it is, or an example. */
  readonly note: string;
  /** Matching events; null: not counted. */
  readonly count: number | null;
  /** There can be more events than were counted. */
  readonly isAtLeast?: boolean;
  /** Whether the item is complete, or waits for a value. */
  readonly isFinal: boolean;
  /** The item with which the choice goes on a level deeper, by Tab. */
  readonly deeper?: string;
}

/** What an unfinished item needs to know from the server. */
export type Wanted =
  /** Fields, and names of everything. */
  | { readonly of: 'fields' }
  | { readonly of: 'names' }
  | { readonly of: 'resources'; readonly prefix: string }
  | { readonly of: 'label'; readonly key: string }
  | { readonly of: 'role'; readonly role: string }
  | { readonly of: 'payload'; readonly path: string }
  | { readonly of: 'nothing' };

/** What the server knows. */
export interface Known {
  readonly names: readonly Counted[];
  readonly labels: readonly Example[];
  readonly roles: readonly Example[];
  readonly paths: readonly Example[];
  /** The counts of labels, roles and paths are those of a sample. */
  readonly isSample: boolean;
  /** Values of the label, role or path, or ids of resources, that are wanted. */
  readonly values: readonly Counted[];
}

export interface Counted {
  readonly name: string;
  readonly count: number | null;
  /** The name of the resource that has this id. */
  readonly note?: string;
}

export interface Example {
  readonly name: string;
  readonly count: number;
  readonly example: unknown;
}

/** What the completion of a text needs. */
export function wantedFor(text: string): Wanted {
  const { field, key, operator, value } = partsOf(text);
  if (operator === '') return { of: 'fields' };
  switch (field) {
    case 'event':
      return { of: 'names' };
    case 'resource':
    case 'any':
      return { of: 'resources', prefix: value };
    case 'related':
      return key === '' ? { of: 'resources', prefix: value } : { of: 'role', role: plainKey(key) };
    case 'label':
      return key === '' ? { of: 'nothing' } : { of: 'label', key: plainKey(key) };
    case 'payload':
      return key === '' || key.includes('*') ? { of: 'nothing' } : { of: 'payload', path: key };
    default:
      return { of: 'nothing' };
  }
}

/** The completions of an unfinished item, best first. */
export function completionsOf(text: string, known: Known): readonly Completion[] {
  const parts = partsOf(text);
  const found = parts.operator === '' ? fieldCompletions(parts, known) : valueCompletions(parts, known);
  return [...new Map(found.map((each) => [each.text, each])).values()].filter((each) => each.text !== text).slice(0, maxCompletions);
}

interface Parts {
  readonly sign: string;
  readonly field: string;
  readonly key: string;
  readonly operator: string;
  /** Everything before the value that is being written, in a list the values before it. */
  readonly head: string;
  /** The value as far as it is written, without quotes. */
  readonly value: string;
  readonly isInList: boolean;
}

function partsOf(text: string): Parts {
  const [, sign = '', rest = ''] = /^([-!]?)(.*)$/su.exec(text) ?? [];
  const found = /^([a-z]+)(?:\.((?:"(?:[^"\\]|\\.)*"?|[^\s":=<>!,()])*))?(!=|>=|<=|[:=<>]|)/iu.exec(rest);
  const [head = '', field = '', key = '', operator = ''] = found ?? [];
  if (operator === '') return { sign, field, key, operator, head: sign + head, value: rest, isInList: false };
  const written = rest.slice(head.length);
  const list = /^\((?:[^"]|"(?:[^"\\]|\\.)*")*[(,]\s*|^\(\s*/su.exec(written)?.[0] ?? '';
  return {
    sign,
    field: field.toLowerCase(),
    key,
    operator,
    head: sign + head + list,
    value: written
      .slice(list.length)
      .replace(/^"/, '')
      .replace(/["*)]+$/, ''),
    isInList: list !== '',
  };
}

function plainKey(key: string): string {
  return key.replaceAll('"', '');
}

const starts: readonly (readonly [text: string, note: string])[] = [
  ['event:', 'name of the event'],
  ['resource:', 'id of the resource that it concerns'],
  ['related.', 'role and id of a related resource'],
  ['label.', 'label of the resource'],
  ['payload.', 'value in the payload'],
  ['any:', 'id of the resource or a related one'],
  ['follows:', 'id of the event that it follows'],
  ['id:', 'id of the event'],
  ['received>=', 'when it was stored'],
];

/** Completions of a field and its key, or of a word. */
function fieldCompletions({ sign, field, value }: Parts, known: Known): readonly Completion[] {
  const typed = value.toLowerCase();
  const fits = ({ name }: { readonly name: string }): boolean => name.toLowerCase().includes(typed);
  const labelsOf = (wanted: (each: Example) => boolean): Completion[] =>
    known.labels.filter(wanted).map((each) => labelStart(sign, each, known.isSample));
  const rolesOf = (wanted: (each: Example) => boolean): Completion[] =>
    known.roles.filter(wanted).map((each) => roleStart(sign, each, known.isSample));
  const pathsOf = (wanted: (each: Example) => boolean): Completion[] =>
    known.paths.filter(wanted).flatMap((each) => pathStart(sign, each, known.isSample));
  if (value.includes('.')) {
    const key = typed.slice(typed.indexOf('.') + 1);
    const hasKey = ({ name }: Example): boolean => name.toLowerCase().includes(key);
    if (field === 'label') return labelsOf(hasKey);
    if (field === 'related') return rolesOf(hasKey);
    if (field === 'payload') return [...operators(sign + value, known), ...pathsOf(hasKey)];
  }
  const fields = starts
    .filter(([start]) => start.startsWith(typed))
    .map(([start, note]) => ({ text: sign + start, note, count: null, isFinal: false }));
  if (typed === '') return fields;
  const names = known.names
    .filter(fits)
    .slice(0, 6)
    .map(({ name, count }) => final(`${sign}event:${literalText(name)}`, count));
  return [...fields, ...names, ...rolesOf(fits).slice(0, 3), ...labelsOf(fits).slice(0, 3), ...pathsOf(fits).slice(0, 3)];
}

function labelStart(sign: string, { name, count, example }: Example, isAtLeast: boolean): Completion {
  return { text: `${sign}label.${keyText(name)}=`, note: exampleText(example), count, isAtLeast, isFinal: false };
}

function roleStart(sign: string, { name, count, example }: Example, isAtLeast: boolean): Completion {
  return { text: `${sign}related.${keyText(name)}=`, note: exampleText(example), count, isAtLeast, isFinal: false };
}

function pathStart(sign: string, { name, count, example }: Example, isAtLeast: boolean): readonly Completion[] {
  const path = pathText(name);
  return path === null ? [] : [{ text: `${sign}payload.${path}=`, note: exampleText(example), count, isAtLeast, isFinal: false }];
}

/** Operators behind a payload path that is complete. Without known paths, the one that is written can be right. */
function operators(written: string, { paths, isSample }: Known): readonly Completion[] {
  const path = paths.find(({ name }) => written.endsWith(`payload.${pathText(name) ?? ''}`));
  if (path === undefined && (paths.length > 0 || !/payload\../.test(written))) return [];
  const continued = (operator: string, note: string): Completion => ({ text: written + operator, note, count: null, isFinal: false });
  return [
    continued('=', path === undefined ? 'is' : `is, such as ${exampleText(path.example)}`),
    continued('>=', 'is at least'),
    continued('<', 'is less than'),
    continued('!=', 'is not'),
    { text: `${written}=*`, note: 'is present', count: path?.count ?? null, isAtLeast: isSample, isFinal: true },
  ];
}

function valueCompletions(parts: Parts, known: Known): readonly Completion[] {
  const { field, head, value, isInList } = parts;
  if (field === 'event') return nameCompletions(parts, known.names);
  const written = field === 'payload' ? payloadWriter(parts.key, known.paths) : literalText;
  const fits = (name: string): boolean => name.toLowerCase().includes(value.toLowerCase());
  const values = known.values
    .filter(({ name, note = '' }) => fits(name) || fits(note))
    .map(({ name, count, note = '' }) => ({ text: head + written(name), note, count, isFinal: !isInList }));
  const hasAny = value === '' && !isInList && (field === 'label' || field === 'payload' || field === 'related');
  return hasAny ? [...values.slice(0, maxCompletions - 1), { ...final(`${head}*`, null), note: 'any value' }] : values;
}

/** Names level by level: those below the same segment are one completion. */
function nameCompletions({ head, value, isInList }: Parts, names: readonly Counted[]): readonly Completion[] {
  const below = names.filter(({ name }) => name.startsWith(value));
  if (below.length === 0) {
    const wanted = value.toLowerCase();
    return names
      .filter(({ name }) => name.toLowerCase().includes(wanted))
      .map(({ name, count }) => final(head + literalText(name), count, isInList));
  }
  const base = value.slice(0, value.lastIndexOf('.') + 1);
  const groups = new Map<string, Counted[]>();
  for (const each of below) {
    const end = each.name.indexOf('.', base.length);
    const start = end < 0 ? each.name : each.name.slice(0, end + 1);
    groups.set(start, [...(groups.get(start) ?? []), each]);
  }
  const completions = Array.from(groups, ([start, members]): Completion => {
    const [only] = members;
    if (members.length === 1 && only !== undefined) return final(head + literalText(only.name), only.count, isInList);
    const count = members.reduce((sum, member) => sum + (member.count ?? 0), 0);
    return { ...final(`${head}${literalText(start)}*`, count, isInList), note: `${members.length} names`, deeper: head + start };
  });
  return completions.toSorted((a, b) => (b.count ?? 0) - (a.count ?? 0));
}

/** Counts have the texts of values; the example says whether they are numbers. */
function payloadWriter(path: string, paths: readonly Example[]): (text: string) => string {
  const example = paths.find(({ name }) => name === path)?.example;
  return (text) => (typeof example !== 'string' && jsonScalar.test(text) ? text : jsonText(text));
}

function final(text: string, count: number | null, isInList = false): Completion {
  return { text, note: '', count, isFinal: !isInList };
}

function exampleText(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example ?? null);
}

const maxCompletions = 50;
