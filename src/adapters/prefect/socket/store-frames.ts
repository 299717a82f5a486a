import type { Caller } from '../../../auth/caller.ts';
import { runInSlices } from '../../../concurrency/time-slices.ts';
import type { EventLimits } from '../../../event/limits.ts';
import type { Problem } from '../../../event/problem.ts';
import type { RejectedEventStore } from '../../../ingest/rejected-events.ts';
import { emitBatch, type AdapterCandidate, type EmitBatchParts } from '../../emit-batch.ts';
import { candidateOf } from '../../event-documents.ts';
import { itemInSteps } from '../../json-body.ts';
import type { Frame } from './frames.ts';

export interface FrameStoreParts extends EmitBatchParts {
  readonly rejectedEvents: RejectedEventStore;
  readonly limits: EventLimits;
}

/** Stores the frames of one caller: valid events in the log, all others as rejected events. */
export class FrameStore {
  constructor(
    private readonly parts: FrameStoreParts,
    private readonly caller: Caller,
    /** Unknown members of documents are problems. */
    private readonly isStrict: boolean,
  ) {}

  /**
   * Resolves when all frames are durable. Throws the errors of the emitter and of the store of
   * rejected events. The frames may be stored then, and adding them again is safe.
   */
  async add(frames: readonly Frame[]): Promise<void> {
    if (frames.length === 0) return;
    const events = await runInSlices(this.candidates(frames));
    await emitBatch(this.parts, { events, policy: 'SKIP_REJECTED', caller: this.caller, protocol });
  }

  /** Stores a frame as a rejected event after an unexpected error. */
  async storeFailed({ bytes }: Frame): Promise<void> {
    const reason = 'internal error while storing the event; the server has logged the cause';
    await this.parts.rejectedEvents.store([{ protocol, keyId: this.caller.keyId, code: 'FAILED', reason, raw: bytes }]);
  }

  private *candidates(frames: readonly Frame[]): Generator<undefined, readonly AdapterCandidate[]> {
    const candidates: AdapterCandidate[] = [];
    for (const frame of frames) candidates.push(yield* this.candidate(frame));
    return candidates;
  }

  private *candidate({ kind, bytes }: Frame): Generator<undefined, AdapterCandidate> {
    if (kind === 'binary') return rejection(bytes, 'INVALID', 'expected an event document in a text frame, got a binary one');
    const maxBytes = this.parts.limits.eventBytes;
    // The JSON of a frame can be longer than the measured document: it can contain white space, and
    // escapes of up to six characters.
    if (bytes.length > 6 * maxBytes)
      return rejection(bytes, 'TOO_LARGE', `expected at most ${maxBytes} bytes of JSON, got ${bytes.length}`);
    return candidateOf({ item: yield* itemInSteps(bytes), bytes }, [], this.isStrict);
  }
}

function rejection(bytes: Buffer, code: Problem['code'], message: string): AdapterCandidate {
  return { candidate: { path: [], problems: [{ code, path: [], message }] }, unknownMembers: [], raw: () => bytes };
}

const protocol = 'prefect';
