import type { Caller } from '../../../auth/caller.ts';
import type { EventLimits } from '../../../event/limits.ts';
import type { Problem } from '../../../event/problem.ts';
import type { Candidate, Emitter } from '../../../ingest/emitter.ts';
import type { Metrics } from '../../../metrics.ts';
import { candidateOf } from '../../event-documents.ts';
import { readItem } from '../../json-body.ts';
import type { RejectedEventStore } from '../../../ingest/rejected-events.ts';
import type { Frame } from './frames.ts';

export interface FrameStoreParts {
  readonly emitter: Emitter;
  readonly rejectedEvents: RejectedEventStore;
  readonly limits: EventLimits;
  readonly metrics: Metrics;
}

/** Where the frames of one caller go: those that are events to the log, all others to quarantine, as they came. */
export class FrameStore {
  constructor(
    private readonly parts: FrameStoreParts,
    private readonly caller: Caller,
  ) {}

  /** Resolves when all are durable. Throws what the emitter and quarantine do; then they may be stored, and adding them again is safe. */
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

  /** Keeps a frame in quarantine that could not be stored for a reason which nobody foresaw. */
  async storeFailed({ bytes }: Frame): Promise<void> {
    const reason = 'the server failed to store it, and has logged why';
    await this.parts.rejectedEvents.store([{ protocol, keyId: this.caller.keyId, code: 'FAILED', reason, raw: bytes }]);
  }

  private candidate({ kind, bytes }: Frame): Candidate {
    if (kind === 'binary') return rejection('INVALID', 'expected an event document in a text frame, got a binary one');
    const maxBytes = this.parts.limits.eventBytes;
    // JSON may have blanks, and escapes of up to six characters, that the document which counts does not have.
    if (bytes.length > 6 * maxBytes) return rejection('TOO_LARGE', `expected at most ${maxBytes} bytes of JSON, got ${bytes.length}`);
    return candidateOf(readItem(bytes), [], this.parts.limits);
  }
}

function rejection(code: Problem['code'], message: string): Candidate {
  return { path: [], problems: [{ code, path: [], message }] };
}

const protocol = 'prefect';
