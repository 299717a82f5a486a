/** What the page knows of its subscription. */
export interface ConnectionFacts {
  readonly is: 'loading' | 'connecting' | 'catching-up' | 'live' | 'waiting' | 'closed' | 'suspended';
  /** Since when events do not arrive, although they should: milliseconds since 1970. */
  readonly lostAt: number | null;
  /** Why, in the words of the server or of the client. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly isOnline: boolean;
  /** The reader wants no live events. */
  readonly isPaused: boolean;
  /** The reader is not at the top of the list, or has opened an event. */
  readonly isHolding: boolean;
  readonly heldCount: number;
}

export interface ConnectionText {
  /** Begins with Live, Held, Paused, Catching up, Reconnecting or Offline. */
  readonly label: string;
  readonly tone: 'good' | 'calm' | 'warn' | 'bad';
  readonly meaning: string;
}

/** The state of the connection in words. What prevents new events comes before what holds them. */
export function describeConnection({ is, lostAt, error, isOnline, isPaused, isHolding, heldCount }: ConnectionFacts): ConnectionText {
  if (!isOnline) {
    return {
      label: 'Offline',
      tone: 'bad',
      meaning: 'This device has no network. The list resumes by itself after the last event that it has.',
    };
  }
  if (is === 'closed' && error !== null) return { label: closedLabel(error.code), tone: 'bad', meaning: error.message };
  if (lostAt !== null || is === 'waiting') {
    if (error?.code === 'LIMIT_EXCEEDED') {
      return {
        label: 'Paused: too many requests',
        tone: 'warn',
        meaning: `${error.message} The list continues by itself. Nothing is missed.`,
      };
    }
    const reason = error === null ? '' : ` ${error.message}`;
    return {
      label: 'Reconnecting',
      tone: 'warn',
      meaning: `New events do not arrive at the moment.${reason} Nothing is missed: the list resumes after the last event that it has.`,
    };
  }
  if (is === 'loading' || is === 'connecting' || is === 'suspended') {
    return { label: 'Catching up', tone: 'calm', meaning: 'The list is read from the log.' };
  }
  if (isPaused || is === 'closed')
    return { label: withCount('Paused', heldCount), tone: 'calm', meaning: 'New events wait until you resume.' };
  if (is === 'catching-up') {
    return { label: 'Catching up', tone: 'calm', meaning: 'Events arrive faster than they can be shown. Nothing is lost.' };
  }
  if (isHolding) {
    return {
      label: withCount('Held', heldCount),
      tone: 'calm',
      meaning: 'New events wait, so that no row moves while you read. At the top of the list, with no event open, they appear at once.',
    };
  }
  return { label: 'Live', tone: 'good', meaning: 'New events appear as they are stored.' };
}

function closedLabel(code: string): string {
  if (code === 'UNAUTHENTICATED') return 'Offline: a key is needed';
  if (code === 'FORBIDDEN') return 'Offline: the key may not read events';
  return code === 'BAD_FILTER' ? 'Paused: the filter was rejected' : 'Paused: an error';
}

function withCount(label: string, count: number): string {
  return count === 0 ? label : `${label}, ${count.toLocaleString('en')} waiting`;
}
