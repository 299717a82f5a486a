import { useSignal } from '@preact/signals';
import type { JsonObject, TidingsReader } from '../../client/tidings-client.ts';
import { useRemote } from '../data/remote.ts';
import { ErrorBoundary } from '../parts/error-boundary.tsx';
import { lazy } from '../parts/lazy.tsx';
import { Problem } from '../parts/problem.tsx';
import { bytesText } from './json-value.ts';
import './payload.css';

const PayloadTree = lazy(async () => (await import('./payload-tree.tsx')).PayloadTree);
const PayloadText = lazy(async () => (await import('./payload-text.tsx')).PayloadText);

/** The payload as a tree, or as text. A large one is loaded on demand. */
export function Payload({ id, bytes }: { readonly id: string; readonly bytes: number }) {
  const form = useSignal<'tree' | 'text' | null>(bytes > maxOpenBytes ? null : 'tree');
  const isEmpty = bytes <= '{}'.length;
  return (
    <section class="detail-section payload">
      <h3 class="section-title">
        Payload <span class="faint number">{isEmpty ? 'empty' : bytesText(bytes)}</span>
        {!isEmpty && form.value !== null && (
          <button type="button" class="button quiet section-action" onClick={() => (form.value = form.value === 'tree' ? 'text' : 'tree')}>
            {form.value === 'tree' ? 'As text' : 'As a tree'}
          </button>
        )}
      </h3>
      {form.value === null && (
        <p class="payload-choice">
          <span class="muted">It is large, so it was not loaded.</span>
          <button type="button" class="button" onClick={() => (form.value = 'tree')}>
            Show as a tree
          </button>
          <button type="button" class="button" onClick={() => (form.value = 'text')}>
            Show as text
          </button>
        </p>
      )}
      {!isEmpty && form.value !== null && <Loaded key={id} id={id} form={form.value} />}
    </section>
  );
}

function Loaded({ id, form }: { readonly id: string; readonly form: 'tree' | 'text' }) {
  const { value: payload, error, retry, nextAttemptAt } = useRemote(id, (client, signal) => readPayload(client, id, signal));
  if (error !== null) return <Problem error={error} retry={retry} nextAttemptAt={nextAttemptAt} />;
  if (payload === undefined) return <p class="muted">Loading…</p>;
  if (payload === null) return <p class="muted">The event is not stored any more.</p>;
  return (
    <ErrorBoundary name="Payload">{form === 'tree' ? <PayloadTree payload={payload} /> : <PayloadText payload={payload} />}</ErrorBoundary>
  );
}

/** Reads the payload of an event. */
async function readPayload(client: TidingsReader, id: string, signal: AbortSignal): Promise<JsonObject | null> {
  const document = 'query Payload($id: ID!) { event(id: $id) { payload } }';
  return (await client.graphql<{ event: { payload: JsonObject } | null }>(document, { id }, { signal })).event?.payload ?? null;
}

/** A larger payload is not loaded by itself. */
const maxOpenBytes = 256_000;
