import type { Checkpoint, Cursor } from './stream-types.ts';

/** Saves a moving cursor at most once a second. */
export interface CheckpointSaver {
  /** Throws the error of an earlier save. */
  moved(cursor: Cursor): void;
  /** Saves the latest cursor, unless it was saved. */
  finish(): Promise<void>;
}

export function createCheckpointSaver(checkpoint: Checkpoint | undefined): CheckpointSaver {
  if (checkpoint === undefined) return { moved: () => undefined, finish: () => Promise.resolve() };
  let latest: Cursor | null = null;
  let saved: Cursor | null = null;
  let saving: Promise<void> | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let failure: { readonly error: unknown } | null = null;
  let savedAt = -Infinity;

  const save = async (): Promise<void> => {
    await saving;
    if (latest === null || latest === saved) return;
    const cursor = latest;
    savedAt = performance.now();
    await checkpoint.save(cursor);
    saved = cursor;
  };
  const start = (): void => {
    timer = null;
    saving = save().catch((error: unknown) => void (failure ??= { error }));
  };
  return {
    moved(cursor) {
      if (failure !== null) throw failure.error;
      latest = cursor;
      if (cursor !== saved) timer ??= setTimeout(start, Math.max(0, savedAt + minIntervalMs - performance.now()));
    },
    async finish() {
      if (timer !== null) clearTimeout(timer);
      await save();
      if (failure !== null) throw failure.error;
    },
  };
}

const minIntervalMs = 1000;
