import { printable } from '../text/printable.ts';
import { Countdown } from './countdown.tsx';

interface Props {
  readonly error: unknown;
  readonly retry: () => void;
  /** When the next attempt follows by itself, in milliseconds since 1970; null: none does. */
  readonly nextAttemptAt?: number | null;
}

/** What the server says went wrong. */
export function Problem({ error, retry, nextAttemptAt = null }: Props) {
  return (
    <div class="problem" role="alert">
      <p>{printable(error instanceof Error ? error.message : String(error))}</p>
      <button type="button" class="button" onClick={retry}>
        Try again <Countdown to={nextAttemptAt} />
      </button>
    </div>
  );
}
