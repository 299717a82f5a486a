import { TidingsError, tidingsErrorOf } from './client-error.ts';
import { bodyOf, errorOf, post, responseError, resultOf, type HttpParts, type Operation } from './http-wire.ts';

/**
 * Runs a subscription over SSE, and yields its data until the server completes it. Throws a
 * TidingsError, or the reason of the signal.
 *
 * Guarantees bounded memory: it reads from the network only when the next value is requested, so
 * TCP stops the server, which pulls from its log.
 */
export async function* subscribeOverSse<T>(parts: HttpParts, operation: Operation, signal: AbortSignal): AsyncGenerator<T, void> {
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    const opening = setTimeout(() => stop.abort(silence()), maxSilenceMs);
    const response = await post(parts, { body: bodyOf(operation), accept: 'text/event-stream' }, stop.signal).finally(() =>
      clearTimeout(opening),
    );
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (!response.ok || !isStream || response.body === null) {
      throw responseError(parts.address, response, resultOf(await response.text()));
    }
    for await (const { event, data } of eventsOf(response.body, stop)) {
      if (event === 'complete') return;
      if (event !== 'next') continue;
      const result = resultOf(data);
      if (result?.errors !== undefined || result?.data === undefined) throw errorOf(result?.errors ?? []);
      yield result.data as T;
    }
    throw new TidingsError('UNAVAILABLE', 'The connection ended.');
  } catch (error) {
    signal.throwIfAborted();
    throw tidingsErrorOf(error);
  } finally {
    signal.removeEventListener('abort', abort);
    stop.abort();
  }
}

interface SseEvent {
  readonly event: string;
  readonly data: string;
}

/** Parses `event:` and `data:` lines. Aborts `stop` if the server sends nothing, not even a ping. */
async function* eventsOf(body: ReadableStream<Uint8Array>, stop: AbortController): AsyncGenerator<SseEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let [event, data] = ['', ''];
  for (;;) {
    const silent = setTimeout(() => stop.abort(silence()), maxSilenceMs);
    const { done, value } = await reader.read().finally(() => clearTimeout(silent));
    if (done) return;
    let from = text.length;
    text += decoder.decode(value, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n', from); end !== -1; end = text.indexOf('\n', from)) {
      const line = text.slice(start, end).replace(/\r$/, '');
      start = from = end + 1;
      if (line === '') {
        if (event !== '') yield { event, data };
        [event, data] = ['', ''];
      } else if (line.startsWith('event:')) event = line.slice(6).trim();
      else if (line.startsWith('data:')) data += line.slice(5);
    }
    text = text.slice(start);
  }
}

function silence(): TidingsError {
  return new TidingsError('UNAVAILABLE', `The server sent nothing for ${maxSilenceMs / 1000} s.`);
}

/** The server sends a ping every 12 s. */
const maxSilenceMs = 30_000;
