import type { TestServer } from '../test-server.ts';
import { postTo, type Posted } from './adapter.ts';

export const structured = { 'content-type': 'application/cloudevents+json' };
export const batched = { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' };

export function postCloudEvent(
  server: TestServer,
  body: unknown,
  headers: Record<string, string> = structured,
  query = '',
): Promise<Posted> {
  return postTo(server, `/cloudevents${query}`, body, headers);
}

/** A valid CloudEvent in the JSON format. */
export function cloudEvent(id: string, more: object = {}): Record<string, unknown> {
  return { specversion: '1.0', id, source: '/orders/eu', type: 'acme.order.paid', time: '2026-11-23T14:41:10.863461Z', ...more };
}

/** The headers of a valid CloudEvent in binary mode. */
export const binary = {
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': '/orders/eu',
  'ce-type': 'acme.order.paid',
  'ce-time': '2026-11-23T14:41:10.863461Z',
};
