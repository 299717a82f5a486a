import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { documentSelection, eventDocument } from '../../client/tidings-client.ts';
import { activeFilter } from '../data/active-filter.ts';
import { tidings } from '../data/session.ts';
import { liveTotal } from '../data/spans.ts';
import { ModalDialog } from '../parts/modal-dialog.tsx';
import { printable } from '../text/printable.ts';
import { view } from '../view/current-view.ts';
import { byteOrderMark, csvLine } from './csv.ts';
import { chosenColumns, eventColumns, type CsvColumn, type CsvEvent } from './csv-columns.ts';
import { exportEvents, type ExportProgress } from './export-events.ts';
import { openFile } from './save-file.ts';

type State =
  | { readonly is: 'choosing' }
  | { readonly is: 'writing'; readonly progress: ExportProgress | null; readonly stop: AbortController }
  | { readonly is: 'done'; readonly count: number; readonly bytes: number; readonly name: string }
  | { readonly is: 'failed'; readonly message: string };

/** Writes all events that match to a file. */
export function ExportDialog({ onClose }: { readonly onClose: () => void }) {
  const format = useSignal<'ndjson' | 'csv'>('ndjson');
  const hasMark = useSignal(false);
  const left = useSignal<ReadonlySet<string>>(new Set(['received', 'follows']));
  const state = useSignal<State>({ is: 'choosing' });
  useEffect(() => () => void (state.peek().is === 'writing' && stopOf(state.peek())?.abort()), []);
  const columns = [...eventColumns, ...chosenColumns(view.value.columns)];
  const isWriting = state.value.is === 'writing';

  const start = async (): Promise<void> => {
    const stop = new AbortController();
    const name = fileName(format.peek());
    try {
      const file = await openFile(name, format.peek() === 'csv' ? 'text/csv' : 'application/x-ndjson');
      if (file === null) return;
      state.value = { is: 'writing', progress: null, stop };
      const chosen = columns.filter(({ header }) => !left.peek().has(header));
      try {
        if (format.peek() === 'csv') await file.write((hasMark.peek() ? byteOrderMark : '') + csvLine(chosen.map(({ header }) => header)));
        const count = await exportEvents(
          {
            client: tidings.peek(),
            filter: activeFilter.peek(),
            ...(format.peek() === 'csv' ? csvFormat(chosen) : ndjsonFormat),
            write: (text) => file.write(text),
            onProgress: (progress) => (state.value = { is: 'writing', progress, stop }),
          },
          stop.signal,
        );
        await file.close();
        state.value = { is: 'done', count, bytes: file.size(), name };
      } catch (error) {
        await file.abort().catch(() => undefined);
        throw error;
      }
    } catch (error) {
      state.value = stop.signal.aborted ? { is: 'choosing' } : { is: 'failed', message: (error as Error).message };
    }
  };

  return (
    <ModalDialog title="Export events" class="export-dialog" isBusy={isWriting} onClose={onClose}>
      <p class="muted">
        {liveTotal.value === null ? 'All events that match' : `All ${liveTotal.value.toLocaleString('en-US')} events that match`}, in the
        order of the log. Not only those that are loaded.
      </p>
      <fieldset disabled={isWriting}>
        <legend class="section-title">Format</legend>
        <Choice format="ndjson" chosen={format} title="NDJSON" note="Whole event documents, one a line. They can be emitted again." />
        <Choice format="csv" chosen={format} title="CSV" note="A table of the columns that you choose." />
      </fieldset>
      {format.value === 'csv' && (
        <fieldset disabled={isWriting}>
          <legend class="section-title">Columns</legend>
          <div class="export-columns">
            {columns.map(({ header }) => (
              <label key={header}>
                <input type="checkbox" checked={!left.value.has(header)} onChange={() => (left.value = toggled(left.value, header))} />
                <span class="cut">{printable(header)}</span>
              </label>
            ))}
          </div>
          <label>
            <input type="checkbox" checked={hasMark.value} onChange={() => (hasMark.value = !hasMark.value)} />
            Begin with a byte order mark, for Excel
          </label>
        </fieldset>
      )}
      <Outcome state={state.value} />
      <div class="dialog-foot">
        {state.value.is === 'writing' ? (
          <button type="button" class="button" onClick={() => stopOf(state.peek())?.abort(new Error('The export was cancelled.'))}>
            Cancel
          </button>
        ) : (
          <button
            type="button"
            class="button primary"
            disabled={format.value === 'csv' && columns.every(({ header }) => left.value.has(header))}
            onClick={() => void start()}
          >
            {state.value.is === 'done' ? 'Export again' : 'Export'}
          </button>
        )}
      </div>
    </ModalDialog>
  );
}

interface ChoiceProps {
  readonly format: 'ndjson' | 'csv';
  readonly chosen: { value: 'ndjson' | 'csv' };
  readonly title: string;
  readonly note: string;
}

function Choice({ format, chosen, title, note }: ChoiceProps) {
  return (
    <label>
      <input type="radio" name="format" checked={chosen.value === format} onChange={() => (chosen.value = format)} />
      <span>
        {title} <span class="muted">{note}</span>
      </span>
    </label>
  );
}

function Outcome({ state }: { readonly state: State }) {
  if (state.is === 'writing') {
    const { done = 0, total = 0, waiting = null } = state.progress ?? {};
    return (
      <div class="export-progress">
        <progress aria-label="Progress" max={Math.max(total, 1)} value={done} />
        <p class="number">{waiting ?? `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}`}</p>
      </div>
    );
  }
  return (
    <p role="status" class={state.is === 'failed' ? 'export-failed' : ''}>
      {state.is === 'failed' && state.message}
      {state.is === 'done' &&
        `Exported ${state.count.toLocaleString('en-US')} event${state.count === 1 ? '' : 's'} (${bytesText(state.bytes)}) to ${state.name}.`}
    </p>
  );
}

const ndjsonFormat = {
  select: documentSelection,
  line: (event: Parameters<typeof eventDocument>[0]) => `${eventDocument(event)}\n`,
};

function csvFormat(columns: readonly CsvColumn[]): { readonly select: string; readonly line: (event: CsvEvent) => string } {
  return {
    select: columns.map(({ select }) => select).join(' '),
    line: (event) => csvLine(columns.map(({ cell }) => cell(event))),
  };
}

function stopOf(state: State): AbortController | null {
  return state.is === 'writing' ? state.stop : null;
}

function toggled(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const next = new Set(names);
  if (!next.delete(name)) next.add(name);
  return next;
}

function fileName(format: string): string {
  return `tidings-events-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z.${format}`;
}

function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(0)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
