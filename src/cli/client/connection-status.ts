import type { Endpoint } from './endpoint.ts';

/**
 * Says how the connection stands, once for each change:
 *
 *   new ──up──▶ up ◀──up── away
 *    └──away──▶ away ◀─away─┘
 */
export interface ConnectionStatus {
  connected(): void;
  disconnected(reason: string): void;
}

export function createConnectionStatus({ displayUrl }: Endpoint, report: (sentence: string) => void): ConnectionStatus {
  let state: 'new' | 'up' | 'away' = 'new';
  let wasConnected = false;
  return {
    connected() {
      if (state === 'up') return;
      report(wasConnected ? `connected again to ${displayUrl}, going on after the last event` : `connected to ${displayUrl}`);
      state = 'up';
      wasConnected = true;
    },
    disconnected(reason) {
      if (state === 'away') return;
      report(
        wasConnected
          ? `lost the connection to ${displayUrl} (${reason}); trying again`
          : `cannot reach ${displayUrl} (${reason}); trying until it answers`,
      );
      state = 'away';
    },
  };
}
