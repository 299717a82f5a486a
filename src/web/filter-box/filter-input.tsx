import { useSignal, type Signal } from '@preact/signals';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { EventFilter } from '../../client/tidings-client.ts';
import { lazy } from '../parts/lazy.tsx';
import type { Completion } from '../query/completion.ts';
import { takeFinished } from '../query/draft.ts';
import { problemOf } from './filter-text.ts';

const Completions = lazy(async () => (await import('./completions.tsx')).Completions);

export interface FilterInputProps {
  readonly text: Signal<string>;
  readonly label: string;
  /** The filter of the other items: completions are counted among the events that match it. */
  readonly among: EventFilter;
  readonly placeholder?: string;
  readonly isFocused?: boolean;
  /** Takes the items of a valid text. The text is empty then. */
  readonly onItems: (text: string) => void;
  /** Escape, with the list of completions closed. */
  readonly onCancel?: () => void;
  /** A key at the start of the text: Backspace, ArrowLeft. */
  readonly onStart?: (key: string) => void;
}

/** A text field for items of the filter, with completion: a combobox with a list. */
export function FilterInput(props: FilterInputProps) {
  const { text, label, among, placeholder, isFocused = false, onItems, onCancel, onStart } = props;
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const isOpen = useSignal(false);
  const active = useSignal(-1);
  const problem = useSignal<string | null>(null);
  const completions = useSignal<readonly Completion[]>([]);
  const isShown = isOpen.value && completions.value.length > 0;
  useLayoutEffect(() => {
    if (!isFocused) return;
    input.current?.focus();
    input.current?.setSelectionRange(text.peek().length, text.peek().length);
  }, []);

  const close = (): void => {
    isOpen.value = false;
    active.value = -1;
    completions.value = [];
  };
  /** Takes the text as it is. Returns false, and says why, if it is not valid. */
  const finish = (): boolean => {
    close();
    const written = text.peek().trim();
    problem.value = problemOf(written);
    if (problem.peek() !== null) return false;
    text.value = '';
    onItems(written);
    return true;
  };
  const choose = (chosen: Completion, isDeeper: boolean): void => {
    const next = isDeeper ? (chosen.deeper ?? chosen.text) : chosen.text;
    text.value = next;
    active.value = -1;
    problem.value = null;
    input.current?.focus();
    if (chosen.isFinal && next === chosen.text) finish();
  };
  const change = (written: string): void => {
    const { finished, rest } = takeFinished(written);
    text.value = rest;
    isOpen.value = true;
    active.value = -1;
    problem.value = null;
    if (finished.length > 0) onItems(finished.join(' '));
  };

  /** Returns whether the key did something here. */
  const press = ({ key, currentTarget }: { readonly key: string; readonly currentTarget: HTMLInputElement }): boolean => {
    const chosen = completions.peek()[active.peek()];
    switch (key) {
      case 'ArrowDown':
      case 'ArrowUp':
        if (isOpen.peek()) active.value = next(active.peek(), key === 'ArrowDown' ? 1 : -1, completions.peek().length);
        isOpen.value = true;
        return true;
      case 'Enter':
        if (chosen === undefined) finish();
        else choose(chosen, false);
        return true;
      case 'Tab':
        if (chosen === undefined) return false;
        choose(chosen, true);
        return true;
      case 'Escape':
        if (isOpen.peek() && isShown) close();
        else if (onCancel === undefined) currentTarget.blur();
        else onCancel();
        return true;
      case 'Backspace':
      case 'ArrowLeft':
        if (onStart === undefined || currentTarget.selectionStart !== 0 || currentTarget.selectionEnd !== 0) return false;
        onStart(key);
        return true;
      default:
        return false;
    }
  };

  return (
    <span class="filter-input">
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label={label}
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={isShown ? `${id}-list` : undefined}
        aria-activedescendant={active.value < 0 ? undefined : `${id}-${active.value}`}
        aria-invalid={problem.value !== null}
        aria-describedby={problem.value === null ? undefined : `${id}-problem`}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        enterkeyhint="search"
        size={Math.max(4, text.value.length + 1)}
        placeholder={placeholder}
        value={text.value}
        onInput={(event) => change(event.currentTarget.value)}
        onClick={() => (isOpen.value = true)}
        onBlur={() => {
          if (text.peek().trim() === '') close();
          else finish();
        }}
        onKeyDown={(event) => {
          if (event.isComposing || !press(event)) return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      {problem.value !== null && (
        <span id={`${id}-problem`} role="alert" class="filter-problem">
          {problem.value}
        </span>
      )}
      {isOpen.value && <Completions {...{ id, text, among, completions, active }} onChoose={(chosen) => choose(chosen, false)} />}
    </span>
  );
}

/** The next choice; -1: none, which lies between the last one and the first one. */
function next(active: number, step: 1 | -1, count: number): number {
  return ((active + 1 + step + count + 1) % (count + 1)) - 1;
}
