import { useState } from 'preact/hooks';
import { CloseIcon, DownIcon, UpIcon } from '../parts/icons.tsx';
import { printable } from '../text/printable.ts';
import { columnOf } from '../view/columns.ts';
import { show, view } from '../view/current-view.ts';
import { choicesOf, moved, type ColumnChoice } from './column-choices.ts';
import './columns-menu.css';
import { eventFields, useEventFields } from './sampled-fields.ts';

function setColumns(columns: readonly string[]): void {
  show({ columns });
}

/** What the menu of columns has. */
export function ColumnsContent() {
  useEventFields();
  const [search, setSearch] = useState('');
  const { columns } = view.value;
  const { fields, error } = eventFields.value;
  const choices = fields === null ? [] : choicesOf(fields, search);
  return (
    <div class="columns-menu">
      {columns.length > 0 && <Chosen columns={columns} />}
      <input
        class="field"
        type="search"
        placeholder="Search labels and payload"
        aria-label="Search columns"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      {error !== null && <p>{error}</p>}
      {fields === null && error === null && <p class="muted">Loading</p>}
      {fields !== null && choices.length === 0 && (
        <p class="muted">{search === '' ? 'The events have no labels and no payload.' : 'Nothing found.'}</p>
      )}
      {(['Labels', 'Payload'] as const).map((group) => (
        <Group key={group} title={group} columns={columns} choices={choices.filter((each) => each.group === group)} />
      ))}
      {fields !== null && <p class="faint">Found in the newest {fields.sampled.toLocaleString('en-US')} matching events.</p>}
    </div>
  );
}

function Chosen({ columns }: { readonly columns: readonly string[] }) {
  return (
    <ol class="chosen" aria-label="Columns shown">
      {columns.map((column, index) => {
        const name = printable(nameOf(column));
        return (
          <li key={column}>
            <span class="cut">{name}</span>
            <button
              class="icon-button"
              aria-label={`Move ${name} to the left`}
              disabled={index === 0}
              onClick={() => setColumns(moved(columns, column, -1))}
            >
              <UpIcon />
            </button>
            <button
              class="icon-button"
              aria-label={`Move ${name} to the right`}
              disabled={index === columns.length - 1}
              onClick={() => setColumns(moved(columns, column, 1))}
            >
              <DownIcon />
            </button>
            <button class="icon-button" aria-label={`Remove ${name}`} onClick={() => setColumns(columns.filter((each) => each !== column))}>
              <CloseIcon />
            </button>
          </li>
        );
      })}
    </ol>
  );
}

interface GroupProps {
  readonly title: string;
  readonly columns: readonly string[];
  readonly choices: readonly ColumnChoice[];
}

function Group({ title, columns, choices }: GroupProps) {
  if (choices.length === 0) return null;
  return (
    <fieldset>
      <legend class="section-title">{title}</legend>
      {choices.slice(0, maxChoices).map(({ column, name, example }) => {
        const isChosen = columns.includes(column);
        return (
          <label key={column}>
            <input
              type="checkbox"
              checked={isChosen}
              onChange={() => setColumns(isChosen ? columns.filter((each) => each !== column) : [...columns, column])}
            />
            <span class="cut">{printable(name)}</span>
            <span class="cut faint">{printable(example)}</span>
          </label>
        );
      })}
      {choices.length > maxChoices && <p class="faint">{choices.length - maxChoices} more. Search for them.</p>}
    </fieldset>
  );
}

function nameOf(column: string): string {
  const each = columnOf(column);
  return each.is === 'label' ? each.key : each.path;
}

const maxChoices = 100;
