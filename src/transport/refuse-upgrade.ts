import type { Duplex } from 'node:stream';

/** Answers a request to become a WebSocket with a status such as `404 Not Found`, and ends its connection. */
export function refuseUpgrade(connection: Duplex, status: string, headers: Readonly<Record<string, string>> = {}): void {
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': '0' }).map(([name, value]) => `${name}: ${value}`);
  connection.end(`HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n`);
}
