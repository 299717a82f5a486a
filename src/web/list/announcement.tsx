import { useEffect, useState } from 'preact/hooks';
import { feed, snapshot } from '../data/feed-state.ts';

/** Says how many events arrived, at most every ten seconds. */
export function Announcement() {
  const [text, setText] = useState('');
  const list = feed.value;
  useEffect(() => {
    let told = snapshot.peek()?.receivedCount ?? 0;
    const timer = setInterval(() => {
      const count = (snapshot.peek()?.receivedCount ?? 0) - told;
      told += count;
      setText(count === 0 ? '' : `${count.toLocaleString('en')} new ${count === 1 ? 'event' : 'events'}`);
    }, intervalMs);
    return () => clearInterval(timer);
  }, [list]);
  return (
    <div class="hidden-text" aria-live="polite">
      {text}
    </div>
  );
}

const intervalMs = 10_000;
