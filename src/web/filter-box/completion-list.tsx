import { useEffect, useRef } from 'preact/hooks';
import type { Completion } from '../query/completion.ts';
import { printable } from '../text/printable.ts';
import { countText } from './count-text.ts';

interface CompletionListProps {
  readonly id: string;
  readonly completions: readonly Completion[];
  /** The index of the choice; -1: none. */
  readonly active: number;
  readonly onChoose: (chosen: Completion) => void;
}

/** The list of a combobox. The focus stays in the text field. */
export function CompletionList({ id, completions, active, onChoose }: CompletionListProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (active >= 0) list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <div class="completions">
      <ul ref={list} id={`${id}-list`} role="listbox" aria-label="Completions" onMouseDown={(event) => event.preventDefault()}>
        {completions.map((each, index) => (
          <li key={each.text} id={`${id}-${index}`} role="option" aria-selected={index === active} onClick={() => onChoose(each)}>
            <span class="completion-text cut mono">{printable(each.text)}</span>
            <span class="completion-note cut">{printable(each.note)}</span>
            {each.count !== null && <span class="number">{(each.isAtLeast === true ? '≥ ' : '') + countText(each.count)}</span>}
          </li>
        ))}
      </ul>
      <p class="completion-keys" aria-hidden="true">
        <kbd>↓</kbd> <kbd>↑</kbd> choose <kbd>Enter</kbd> take <kbd>Tab</kbd> go deeper <kbd>Esc</kbd> close
      </p>
    </div>
  );
}
