import { createSourceEventStream, GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { Client } from '../../../auth/caller.ts';
import type { TimeSlices } from '../../../concurrency/time-slices.ts';
import { TidingsError } from '../../../errors.ts';
import { deliver, type Sink } from '../../../subscriptions/delivery.ts';
import { SubscriptionSource } from '../../../subscriptions/source.ts';
import type { WakeListener } from '../../../concurrency/wake-signal.ts';
import { acceptsStream } from '../../../transport/accept.ts';
import type { EncodedMessage } from '../../../transport/socket-writer.ts';
import { LimitError } from '../limits/limit-error.ts';
import type { StreamedResult } from './event-stream.ts';
import { createSharedResults, type OperationResults, type SharedResultsParts } from './shared-results.ts';

/**
 * Sends the results of a subscription directly to its client, bypassing the iterator. In the
 * context as `sink`.
 */
export interface ResultSink extends Pick<Sink<object, EncodedMessage>, 'hasRoom' | 'onDrain' | 'send'> {}

/**
 * The result of a subscription whose results go to a sink: an iterator that yields nothing and only
 * ends.
 */
export interface Delivered extends ExecutionResult {
  readonly delivered: AsyncIterableIterator<ExecutionResult>;
}

type Results = AsyncIterableIterator<ExecutionResult>;

interface SubscribeContext extends Pick<Client, 'reader'> {
  readonly request?: Request;
  readonly sink?: ResultSink;
  /** Of a request over HTTP. */
  readonly params?: GraphQLParams;
}

/**
 * Executes subscriptions on every transport: graphql-js creates the source, and each of its
 * messages is executed and encoded once for all subscriptions that share the operation. With a
 * sink, results go there as fast as it accepts them.
 */
export function sharedSubscriptions(parts: SharedResultsParts & { readonly cursorAt: CursorAt; readonly timeSlices: TimeSlices }): Plugin {
  const resultsOf = createSharedResults(parts);
  const openResults = (args: ExecutionArgs): OperationResults | LimitError => {
    try {
      return resultsOf(args);
    } catch (error) {
      if (error instanceof TidingsError && error.code === 'LIMIT_EXCEEDED')
        return new LimitError(error.message, error.extensions.retryAfterMs);
      throw error;
    }
  };
  const subscribe = async (args: ExecutionArgs): Promise<Results | Delivered | ExecutionResult> => {
    const { request, reader, sink, params } = args.contextValue as SubscribeContext;
    // Otherwise Yoga responds with 406 to a client that accepts no stream, and never ends the
    // subscription.
    if (request !== undefined && !acceptsStream(request.headers.get('accept'))) return { errors: [noStream()] };
    const results = openResults(args);
    if (results instanceof LimitError) return { errors: [results] };
    const source = await createSourceEventStream(args).catch((error: unknown) => {
      results[Symbol.dispose]();
      throw error;
    });
    if (!(source instanceof SubscriptionSource)) {
      results[Symbol.dispose]();
      return source as ExecutionResult;
    }
    if (sink === undefined) {
      // Yoga keeps them until the stream ends. What the subscription needs of them is charged.
      Object.assign(args, { variableValues: {} });
      if (params !== undefined) Object.assign(params, { query: '', variables: undefined, extensions: undefined });
      const pulled = new PulledResults(source, results, parts.cursorAt);
      // Yoga forgets the results of a request whose client leaves before its response begins.
      const end = (): void => void pulled.return();
      reader.signal.addEventListener('abort', end);
      if (reader.signal.aborted) end();
      return pulled;
    }
    const delivered = new DeliveredResults(source, results, sink);
    deliver(source, delivered, parts.timeSlices);
    return { delivered };
  };
  return { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe as Parameters<typeof setSubscribeFn>[0]) };
}

function noStream(): GraphQLError {
  const message = 'expected the header "Accept: text/event-stream" for a subscription over HTTP, got another; set it or use a WebSocket';
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** The cursor of a position. */
export type CursorAt = (position: number) => string;

/** The results of a source as an iterator of `StreamedResult`, for SSE. */
class PulledResults implements Results {
  private hasStarted = false;
  private hasReturned = false;

  constructor(
    private readonly source: SubscriptionSource<object>,
    private readonly results: OperationResults,
    private readonly cursorAt: CursorAt,
  ) {}

  async next(): Promise<IteratorResult<ExecutionResult>> {
    const { reader } = this.source;
    if (!this.hasStarted) {
      this.hasStarted = true;
      if (reader.start !== undefined) return this.streamed(reader.start, null);
    }
    const { done, value } = await this.source.next();
    if (done === true) return this.return();
    const message = await this.results.resultOf(value, reader.identityOf(value));
    return this.streamed(reader.positionAfter?.(value) ?? null, message);
  }

  private streamed(position: number | null, message: EncodedMessage | null): IteratorResult<ExecutionResult> {
    const value: StreamedResult = { cursor: position === null ? null : this.cursorAt(position), message };
    return { done: false, value: value as ExecutionResult };
  }

  async return(): Promise<IteratorResult<ExecutionResult>> {
    if (!this.hasReturned) this.results[Symbol.dispose]();
    this.hasReturned = true;
    this.source.end();
    return done;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Passes the results of a source to a sink. As an iterator it yields nothing and only ends. */
class DeliveredResults implements Results, Sink<object, EncodedMessage> {
  private readonly completion: Promise<IteratorResult<ExecutionResult>>;
  private finish: (end: IteratorResult<ExecutionResult>) => void = () => undefined;

  constructor(
    private readonly source: SubscriptionSource<object>,
    private readonly results: OperationResults,
    private readonly sink: ResultSink,
  ) {
    this.completion = new Promise((resolve) => (this.finish = resolve));
  }

  hasRoom(): boolean {
    return this.sink.hasRoom();
  }

  onDrain(listener: WakeListener): void {
    this.sink.onDrain(listener);
  }

  encode(message: object): EncodedMessage | Promise<EncodedMessage> {
    return this.results.resultOf(message, this.source.reader.identityOf(message));
  }

  send(encoded: EncodedMessage): void {
    this.sink.send(encoded);
  }

  ended(): void {
    this.source.end();
    this.results[Symbol.dispose]();
    this.finish(done);
  }

  next(): Promise<IteratorResult<ExecutionResult>> {
    return this.completion;
  }

  return(): Promise<IteratorResult<ExecutionResult>> {
    this.source.end(); // which ends the delivery
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const done = { done: true, value: undefined } as const;
