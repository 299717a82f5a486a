import { inputOf, payloadBySchema } from './emission/event-input.ts';
import type { EmitAllOptions, EmitSummary } from './emission/emit-all.ts';
import type { Emission } from './emission/emission.ts';
import { createEmissionQueue, type QueueOptions } from './emission/emission-queue.ts';
import { onProcessEnd } from './emission/process-end.ts';
import { readerOf, type TidingsReader } from './create-reader.ts';
import type { AnyEvents, Details, EventInput, EventMap, NameOf, PayloadIn } from './event-types.ts';
import { TidingsError, tidingsErrorOf } from './wire/client-error.ts';
import { createWire, type WireOptions } from './wire/wire.ts';

export interface TidingsOptions<M extends EventMap = AnyEvents> extends WireOptions, QueueOptions {
  /** The events of this program: names to schemas. */
  readonly events?: M;
  /** Whether names outside `events` can be emitted: 'allow' by default. */
  readonly unknownEvents?: 'allow' | 'reject';
}

export interface EmitInput<M, N extends NameOf<M> = NameOf<M>> extends Details<PayloadIn<M, N>> {
  readonly event: N;
}

/** A client of one server. */
export interface Tidings<M extends EventMap = AnyEvents> extends TidingsReader<M>, AsyncDisposable {
  /** Emits an event: returns at once, with its id. Events of one client are stored in this order. */
  emit<N extends NameOf<M>>(event: N, details: Details<PayloadIn<M, N>>): Emission;
  /**
   * Emits many events with back-pressure, and waits until all are stored or rejected. Meanwhile the process does not
   * end by itself. If the iterable throws, it waits for the events before, then throws the error.
   */
  emitAll(events: Iterable<EmitInput<M>> | AsyncIterable<EmitInput<M>>, options?: EmitAllOptions): Promise<EmitSummary>;
  /** Resolves when the queue has room, and the outbox keeps everything that was emitted. */
  ready(): Promise<void>;
  /**
   * Resolves when everything that was emitted before is stored or rejected, also what is under way.
   * Rejects with UNSENT after `timeoutMs`, 10,000 by default; the events stay in the queue.
   */
  flush(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Flushes, then ends all subscriptions. Returns the number of events that are lost: without an outbox. */
  close(options?: { readonly timeoutMs?: number }): Promise<{ readonly unsent: number }>;
}

/** Creates a client of the server at `url`. Connects when there is something to do. */
export function createTidings<const M extends EventMap = AnyEvents>(url: string | URL, options: TidingsOptions<M> = {}): Tidings<M> {
  const { events: schemas = {}, unknownEvents = 'allow', outbox } = options;
  const wire = createWire(url, options);
  const closing = new AbortController();
  const queue = createEmissionQueue(wire, { ...options, retryForMs: options.retry?.forMs ?? Infinity }, closing.signal);
  void queue.open();
  let closed: Promise<{ unsent: number }> | null = null;

  const emit = (event: string, details: Details<unknown>): Emission => {
    end.watch();
    const input = inputOf(event, details);
    try {
      if (unknownEvents === 'reject' && !Object.hasOwn(schemas, event)) {
        throw new TidingsError('BAD_USER_INPUT', `emit: expected the name of an event of the option events, got ${JSON.stringify(event)}.`);
      }
      const payload = payloadBySchema(schemas, event, input.payload);
      return queue.add(payload === undefined ? input : ({ ...input, payload } as EventInput));
    } catch (error) {
      return queue.reject(input.id, event, tidingsErrorOf(error));
    }
  };
  /** The queue reports at once what is left. */
  const abort = async (why: string): Promise<{ unsent: number }> => {
    closing.abort(new TidingsError('CLOSED', `${why}.`));
    end.forget();
    return { unsent: await queue.close(why) };
  };
  const close = async (timeoutMs: number): Promise<{ unsent: number }> => {
    await queue.flush(timeoutMs).catch(() => undefined);
    return await abort('The client was closed');
  };
  const end = onProcessEnd({
    waiting: () => queue.size(),
    async finish() {
      await queue.flush(closeTimeoutMs).catch(() => (closed ??= abort(processEnded)));
    },
    giveUp: () => void (outbox === undefined && abort(processEnded)),
    sendBeforeUnload: () => {
      const texts = queue.peek(maxKeepaliveBytes);
      if (texts.length > 0) wire.sendBeforeUnload({ query: unloadMutation, variables: `{"input":[${texts.join()}]}` });
    },
  });
  if (outbox !== undefined) end.watch();
  return {
    ...readerOf<M>(wire, closing.signal),
    emit: (event, details) => emit(event, details),
    // Loaded when it is needed, as are the transports.
    async emitAll(inputs, options) {
      const { emitAll } = await import('./emission/emit-all.ts');
      return await emitAll(inputs, { emit, queue }, options);
    },
    ready: () => queue.ready(),
    flush: ({ timeoutMs = closeTimeoutMs } = {}) => queue.flush(timeoutMs),
    close: ({ timeoutMs = closeTimeoutMs } = {}) => (closed ??= close(timeoutMs)),
    async [Symbol.asyncDispose]() {
      await (closed ??= close(closeTimeoutMs));
    },
  };
}

const processEnded = 'The process ended';
const closeTimeoutMs = 10_000;
/** All requests with keepalive of a page share 64 KB. */
const maxKeepaliveBytes = 60_000;
const unloadMutation = 'mutation Emit($input: [EventInput!]!) { emitEvents(input: $input, onError: SKIP_REJECTED) { created } }';
