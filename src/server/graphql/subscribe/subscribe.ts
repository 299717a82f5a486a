import type { ServerResponse } from 'node:http';
import { createSourceEventStream, GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { Client } from '../../../auth/caller.ts';
import type { TimeSlices } from '../../../concurrency/time-slices.ts';
import { TidingsError } from '../../../errors.ts';
import { deliver, type Sink, type Sized } from '../../../subscriptions/delivery.ts';
import { SubscriptionSource } from '../../../subscriptions/source.ts';
import type { DrainListener } from '../../../concurrency/wake-signal.ts';
import { acceptsStream } from '../../../transport/accept.ts';
import type { EncodedMessage } from '../../../transport/socket-writer.ts';
import { LimitError } from '../limits/limit-error.ts';
import { EventStream, type EventStreamParts, type PendingStreams, type StreamedResult } from './event-stream.ts';
import { createSharedResults, type OperationResults, type SharedResultsParts } from './shared-results.ts';

/**
 * Sends the results of a subscription directly to its client, bypassing the iterator. In the
 * context as `sink`.
 */
export interface ResultSink<Encoded extends Sized = EncodedMessage> extends Pick<Sink<object, Encoded>, 'hasRoom' | 'onDrain' | 'send'> {
  /** Called once, after the last message. */
  ended?(): void;
}

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
  readonly res?: ServerResponse;
  readonly sink?: ResultSink;
  /** Of a request over HTTP. */
  readonly params?: GraphQLParams;
}

/**
 * Executes subscriptions on every transport: graphql-js creates the source, and each of its
 * messages is executed and encoded once for all subscriptions that share the operation. With a
 * sink, results go there as fast as it accepts them.
 */
export function sharedSubscriptions(parts: SubscribeParts): Plugin {
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
    const { request, reader, sink, params, res } = args.contextValue as SubscribeContext;
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
    if (sink === undefined && res !== undefined) {
      // Yoga keeps them until the stream ends. What the subscription needs of them is charged.
      Object.assign(args, { variableValues: {} });
      if (params !== undefined) Object.assign(params, { query: '', variables: undefined, extensions: undefined });
      const { cursorAt } = parts;
      const streamed = new StreamedResults(source, results, { sink: new EventStream(res, reader.client, parts), cursorAt });
      parts.pendingStreams.add(res, () => {
        streamed.begin();
        deliver(source, streamed, parts.timeSlices);
      });
      // Yoga forgets the results of a request whose client leaves before its response begins.
      const end = (): void => streamed.ended();
      reader.signal.addEventListener('abort', end);
      if (reader.signal.aborted) end();
      return streamed;
    }
    if (sink === undefined) throw new TypeError('expected a sink or a response');
    const delivered = new SocketResults(source, results, sink);
    deliver(source, delivered, parts.timeSlices);
    return { delivered };
  };
  return { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe as Parameters<typeof setSubscribeFn>[0]) };
}

function noStream(): GraphQLError {
  const message = 'expected the header "Accept: text/event-stream" for a subscription over HTTP, got another; set it or use a WebSocket';
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

export interface SubscribeParts extends SharedResultsParts, EventStreamParts {
  readonly cursorAt: CursorAt;
  readonly timeSlices: TimeSlices;
  readonly pendingStreams: PendingStreams;
}

/** The cursor of a position. */
export type CursorAt = (position: number) => string;

/** Passes the results of a source to a sink. As an iterator it yields nothing and only ends. */
abstract class DeliveredResults<Encoded extends Sized> implements Results, Sink<object, Encoded> {
  private readonly completion: Promise<IteratorResult<ExecutionResult>>;
  private finish: ((end: IteratorResult<ExecutionResult>) => void) | null = null;

  constructor(
    readonly source: SubscriptionSource<object>,
    private readonly results: OperationResults,
    private readonly sink: ResultSink<Encoded>,
  ) {
    this.completion = new Promise((resolve) => (this.finish = resolve));
  }

  abstract encode(message: object): Encoded | Promise<Encoded>;

  hasRoom(): boolean {
    return this.sink.hasRoom();
  }

  onDrain(listener: DrainListener): void {
    this.sink.onDrain(listener);
  }

  send(encoded: Encoded): void {
    this.sink.send(encoded);
  }

  /** Does nothing if it has ended. */
  ended(): void {
    const { finish } = this;
    if (finish === null) return;
    this.finish = null;
    this.source.end();
    this.results[Symbol.dispose]();
    this.sink.ended?.();
    finish(done);
  }

  next(): Promise<IteratorResult<ExecutionResult>> {
    return this.completion;
  }

  return(): Promise<IteratorResult<ExecutionResult>> {
    this.ended(); // also while the delivery waits for a network that is gone
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  protected resultOf(message: object): EncodedMessage | Promise<EncodedMessage> {
    return this.results.resultOf(message, this.source.reader.identityOf(message));
  }
}

class SocketResults extends DeliveredResults<EncodedMessage> {
  encode(message: object): EncodedMessage | Promise<EncodedMessage> {
    return this.resultOf(message);
  }
}

class StreamedResults extends DeliveredResults<StreamedResult> {
  constructor(
    source: SubscriptionSource<object>,
    results: OperationResults,
    private readonly stream: { readonly sink: EventStream; readonly cursorAt: CursorAt },
  ) {
    super(source, results, stream.sink);
  }

  begin(): void {
    this.stream.sink.begin(this.cursor(this.source.reader.start));
  }

  encode(message: object): StreamedResult | Promise<StreamedResult> {
    const cursor = this.cursor(this.source.reader.positionAfter?.(message));
    const result = this.resultOf(message);
    if (result instanceof Promise) return result.then((encoded) => streamed(cursor, encoded));
    return streamed(cursor, result);
  }

  private cursor(position: number | null | undefined): string | null {
    return position === null || position === undefined ? null : this.stream.cursorAt(position);
  }
}

function streamed(cursor: string | null, message: EncodedMessage): StreamedResult {
  return { cursor, message, byteLength: message.byteLength };
}

const done = { done: true, value: undefined } as const;
