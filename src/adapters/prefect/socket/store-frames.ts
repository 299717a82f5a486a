import type { Caller } from '../../../auth/caller.ts';
import type { EventLimits } from '../../../event/limits.ts';
import type { Problem } from '../../../event/problem.ts';
import type { Candidate, Emitter } from '../../../ingest/emitter.ts';
import type { RejectedEventStore } from '../../../ingest/rejected-events.ts';
import type { Metrics } from '../../../metrics.ts';
import { candidateOf } from '../../event-documents.ts';
import { readItem } from '../../json-body.ts';
import type { Frame } from './frames.ts';

export interface FrameStoreParts {
  readonly emitter: Emitter;
  readonly rejectedEvents: RejectedEventStore;
  readonly limits: EventLimits;
  readonly metrics: Metrics;
}

/** Stores the frames of one caller: valid events in the log, all others as rejected events. */
export class FrameStore {
  constructor(
    private readonly parts: FrameStoreParts,
    private readonly caller: Caller,
  ) {}

  /**
   * Resolves when all frames are durable. Throws the errors of the emitter and of the store of
   * rejected events. The frames may be stored then, and adding them again is safe.
   */
  async add(frames: readonly Frame[]): Promise<void> {
    if (frames.length === 0) return;
    const { emitter, rejectedEvents, metrics } = this.parts;
    const candidates = frames.map((frame) => this.candidate(frame));
    const { outcomes } = await emitter.emit(candidates, 'SKIP_REJECTED', this.caller);
    const rejected = outcomes.flatMap((outcome, index) => {
      const raw = frames[index]?.bytes;
      if (outcome.status !== 'REJECTED' || raw === undefined) return [];
      const reason = outcome.problems.map(({ message }) => message).join('; ');
      return [{ protocol, keyId: this.caller.keyId, code: outcome.problems[0]?.code ?? 'INVALID', reason, raw }];
    });
    if (rejected.length > 0) await rejectedEvents.store(rejected);
    for (const { status } of outcomes) metrics.adapterEvents.inc({ protocol, status: status.toLowerCase() });
  }

  /** Stores a frame as a rejected event after an unexpected error. */
  async storeFailed({ bytes }: Frame): Promise<void> {
    const reason = 'internal error while storing the event; the server has logged the cause';
    await this.parts.rejectedEvents.store([{ protocol, keyId: this.caller.keyId, code: 'FAILED', reason, raw: bytes }]);
  }

  private candidate({ kind, bytes }: Frame): Candidate {
    if (kind === 'binary') return rejection('INVALID', 'expected an event document in a text frame, got a binary one');
    const maxBytes = this.parts.limits.eventBytes;
    // The JSON of a frame can be longer than the measured document: it can contain white space, and
    // escapes of up to six characters.
    if (bytes.length > 6 * maxBytes) return rejection('TOO_LARGE', `expected at most ${maxBytes} bytes of JSON, got ${bytes.length}`);
    return candidateOf(readItem(bytes), [], this.parts.limits);
  }
}

function rejection(code: Problem['code'], message: string): Candidate {
  return { path: [], problems: [{ code, path: [], message }] };
}

const protocol = 'prefect';
