import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { networkOf } from './client.ts';

/**
 * Bounds the connections of each address whose client has not been authenticated, and their memory.
 *
 * Assumes: `add` is called for every accepted connection, and again when it becomes a WebSocket;
 * `markAuthenticated` when a request or a WebSocket on it is authenticated.
 *
 * Guarantees: at most `max` of them are open, fewer if they use memory (`chargeUnauthenticated`).
 * Another one closes the oldest, which had the most time to authenticate. So a client that
 * authenticates at once is served while others of its address hold connections open, and a
 * connection that was authenticated is never closed.
 *
 * Does not guarantee: that connections of one address are served of which more than `max`
 * authenticate at the same moment. Behind a proxy, all have one address.
 */
export class UnauthenticatedConnections {
  private readonly open = new Map<string, OpenConnections>();

  constructor(
    private readonly max: number,
    private readonly metrics: ConnectionMetrics,
  ) {}

  add(connection: Socket): void {
    if (entries.has(connection) || connection.destroyed) return;
    const network = networkOf(connection.remoteAddress ?? 'unknown');
    const ofNetwork = this.open.get(network) ?? { units: new Map<Socket, number>(), total: 0 };
    this.open.set(network, ofNetwork);
    const { units } = ofNetwork;
    const remove = (): void => {
      ofNetwork.total -= units.get(connection) ?? 0;
      units.delete(connection);
      if (units.size === 0) this.open.delete(network);
      entries.delete(connection);
      connection.off('close', remove);
      this.metrics.unauthenticatedConnections.dec();
    };
    const charge = (more: number): void => {
      units.set(connection, (units.get(connection) ?? 0) + more);
      ofNetwork.total += more;
      this.evictOldest(ofNetwork);
    };
    entries.set(connection, { charge, remove });
    connection.once('close', remove);
    this.metrics.unauthenticatedConnections.inc();
    charge(1);
  }

  private evictOldest(ofNetwork: OpenConnections): void {
    for (const oldest of ofNetwork.units.keys()) {
      if (ofNetwork.total <= this.max) return;
      entries.get(oldest)?.remove();
      oldest.destroy();
      this.metrics.evictedConnections.inc();
    }
  }
}

/** The unauthenticated connections of one network, in the order of their arrival. */
interface OpenConnections {
  readonly units: Map<Socket, number>;
  /** The sum of `units`. */
  total: number;
}

interface ConnectionMetrics {
  readonly unauthenticatedConnections: { inc(): void; dec(): void };
  readonly evictedConnections: { inc(): void };
}

/** Records that the client of a connection has shown a valid key, or needs none. */
export function markAuthenticated(connection: Duplex): void {
  entries.get(connection)?.remove();
}

/** Whether `markAuthenticated` was called since the connection was added. */
export function isAuthenticated(connection: Duplex): boolean {
  return !entries.has(connection);
}

/**
 * Counts what an unauthenticated connection uses as if it were so many further connections. Negative
 * for what it no longer uses.
 */
export function chargeUnauthenticated(connection: Duplex, units: number): void {
  entries.get(connection)?.charge(units);
}

const entries = new WeakMap<Duplex, { readonly charge: (more: number) => void; readonly remove: () => void }>();
