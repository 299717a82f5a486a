import { printable } from '../text/printable.ts';

interface Props {
  readonly error: unknown;
  readonly retry: () => void;
}

/** What the server says went wrong. */
export function Problem({ error, retry }: Props) {
  return (
    <div class="problem" role="alert">
      <p>{printable(error instanceof Error ? error.message : String(error))}</p>
      <button type="button" class="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
