import { copy } from './copy.ts';
import { CopyIcon } from './icons.tsx';

interface Props {
  readonly text: string;
  /** What is copied, in words. */
  readonly name: string;
}

/** Copies a value. */
export function CopyButton({ text, name }: Props) {
  return (
    <button
      type="button"
      class="icon-button value-action"
      title={`Copy ${name}`}
      aria-label={`Copy ${name}`}
      onClick={() => void copy(text, name)}
    >
      <CopyIcon />
    </button>
  );
}
