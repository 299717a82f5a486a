import type { Endpoint } from './endpoint.ts';

/**
 * Reports the state of the connection, once for each change:
 *
 *   initial ──▶ connected ◀──▶ disconnected
 *      └────────────────────────────▲
 */
export interface ConnectionStatus {
  connected(): void;
  disconnected(reason: string): void;
}

export function createConnectionStatus({ displayUrl }: Endpoint, report: (sentence: string) => void): ConnectionStatus {
  let state: 'initial' | 'connected' | 'disconnected' = 'initial';
  let wasConnected = false;
  return {
    connected() {
      if (state === 'connected') return;
      report(wasConnected ? `connected again to ${displayUrl}; resuming after the last event` : `connected to ${displayUrl}`);
      state = 'connected';
      wasConnected = true;
    },
    disconnected(reason) {
      if (state === 'disconnected') return;
      report(`${wasConnected ? 'lost the connection to' : 'cannot reach'} ${displayUrl} (${reason}); retrying`);
      state = 'disconnected';
    },
  };
}
