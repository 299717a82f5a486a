import { expect } from 'vitest';

/** An event document of a test: so many seconds after a fixed time. */
export function documentOf(id: string, second: number, more: object) {
  const occurred = new Date(Date.parse('2026-11-23T14:00:00Z') + second * 1000).toISOString();
  const resource = { 'prefect.resource.id': 'acme.order.4711', 'prefect.resource.name': 'Order 4711', region: 'eu' };
  return { id, occurred, event: 'acme.order.paid', resource, related: [], payload: {}, follows: null, ...more };
}

/** An assertion about something that becomes true. */
export function soon<T>(read: () => T) {
  return expect.poll(read, { timeout: 30_000 });
}
