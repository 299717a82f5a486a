import { printable } from '../text/printable.ts';

interface ChipProps {
  readonly text: string;
  /** Why it is not valid; null if it is. */
  readonly problem: string | null;
  readonly onEdit: () => void;
  readonly onRemove: () => void;
  readonly onMove: (step: 1 | -1) => void;
}

/** One condition of the filter. Enter edits it, Delete and Backspace remove it, arrows go to the next one. */
export function Chip({ text, problem, onEdit, onRemove, onMove }: ChipProps) {
  const { sign, field, value } = partsOf(text);
  const name = printable(sign === '' ? text : `not ${text.slice(1)}`);
  return (
    <span class={problem === null ? 'chip condition' : 'chip condition invalid'}>
      <button
        type="button"
        class="condition-text"
        aria-label={`Edit ${name}`}
        aria-description={problem ?? 'Delete removes it'}
        title={problem === null ? name : `${name}\n${problem}`}
        onClick={onEdit}
        onKeyDown={(event) => {
          if (event.key === 'Delete' || event.key === 'Backspace') onRemove();
          else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') onMove(event.key === 'ArrowRight' ? 1 : -1);
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        {sign !== '' && (
          <>
            <span class="condition-sign">not</span>{' '}
          </>
        )}
        {field !== '' && <span class="condition-field">{printable(field)}</span>}
        <span class="condition-value">{printable(value)}</span>
      </button>
      <button type="button" class="condition-remove" tabIndex={-1} aria-label={`Remove ${name}`} title="Remove" onClick={onRemove}>
        ×
      </button>
    </span>
  );
}

function partsOf(text: string): { readonly sign: string; readonly field: string; readonly value: string } {
  const [, sign = '', field = '', value = ''] =
    /^([-!]?)([a-zA-Z]+(?:\.(?:"(?:[^"\\]|\\.)*"|[^\s":=<>!,()])+)?(?:[:=<>!]=?))?([\s\S]*)$/u.exec(text) ?? [];
  return { sign, field, value };
}
