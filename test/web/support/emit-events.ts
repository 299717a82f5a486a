import type { TestServer } from '../../support/test-server.ts';

export interface Emitted {
  readonly id?: string;
  readonly event: string;
  readonly occurred: string;
  readonly resource: string;
  readonly follows?: string | null;
  readonly labels?: Readonly<Record<string, string>>;
  readonly actor?: string;
  readonly payload?: object;
}

/** Emits event documents as JSON, all of which must be stored. */
export async function emitDocuments({ tidings }: TestServer, documents: readonly string[]): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${tidings.url}/api/events`, { method: 'POST', headers, body: `[${documents.join()}]` });
  if (!response.ok) throw new Error(`POST /api/events: ${response.status} ${await response.text()}`);
}

export async function emitEvents(server: TestServer, events: readonly Emitted[]): Promise<void> {
  const documents = events.map(({ id = crypto.randomUUID(), event, occurred, resource, follows, labels, actor, payload }) =>
    JSON.stringify({
      id,
      event,
      occurred,
      resource: { 'prefect.resource.id': resource, ...labels },
      related: actor === undefined ? [] : [{ 'prefect.resource.id': actor, 'prefect.resource.role': 'actor' }],
      payload,
      follows,
    }),
  );
  await emitDocuments(server, documents);
}

/** A time a number of minutes after the first event of `hourOfEvents`. */
export function at(minutes: number): string {
  return new Date(Date.parse('2026-01-05T10:00:00Z') + minutes * 60_000).toISOString();
}

/** An event in each minute of an hour: 40 of orders, 19 of four kinds of carts, and a login. */
export const hourOfEvents = Array.from({ length: 60 }, (_, minute): Emitted => {
  const kind = minute % 3 === 0 ? 'acme.order.paid' : minute % 3 === 1 ? 'acme.order.shipped' : `acme.cart-${minute % 12}.opened`;
  return {
    event: minute === 59 ? 'login' : kind,
    occurred: at(minute + 0.5),
    resource: `acme.shop.${minute % 15}`,
    labels: { region: minute % 4 === 0 ? 'us' : 'eu' },
    actor: `acme.user.${minute % 2 === 0 ? 'kiki' : 'otto'}`,
    payload: { amount: minute },
  };
});
