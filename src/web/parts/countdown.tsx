import { useEffect, useState } from 'preact/hooks';
import './countdown.css';

/** The seconds until a time, in milliseconds since 1970. Nothing when it is null or over. */
export function Countdown({ to }: { readonly to: number | null }) {
  const now = useNow(to !== null);
  const seconds = to === null ? 0 : Math.ceil((to - now) / 1000);
  // Generated text is no part of what the name of a button must contain, and is not read out each second.
  return seconds > 0 ? <span class="countdown number" data-seconds={seconds} aria-hidden="true" /> : null;
}

/** The time, each half second while something depends on it. */
export function useNow(isNeeded: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isNeeded) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isNeeded]);
  return now;
}
