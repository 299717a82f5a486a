import type { Endpoint } from './endpoint.ts';

/**
 * Says how the connection stands, once for each change:
 *
 *   new ──up──▶ up ◀──up── away
 *    └──away──▶ away ◀─away─┘
 */
export interface Notices {
  up(): void;
  away(reason: string): void;
}

export function createNotices({ shown }: Endpoint, say: (sentence: string) => void): Notices {
  let state: 'new' | 'up' | 'away' = 'new';
  let wasUp = false;
  return {
    up() {
      if (state === 'up') return;
      say(wasUp ? `connected again to ${shown}, going on after the last event` : `connected to ${shown}`);
      state = 'up';
      wasUp = true;
    },
    away(reason) {
      if (state === 'away') return;
      say(
        wasUp ? `lost the connection to ${shown} (${reason}); trying again` : `cannot reach ${shown} (${reason}); trying until it answers`,
      );
      state = 'away';
    },
  };
}
