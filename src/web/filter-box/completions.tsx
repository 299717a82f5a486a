import type { Signal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import type { EventFilter } from '../../client/tidings-client.ts';
import { completionsOf, wantedFor, type Completion } from '../query/completion.ts';
import { useKnown } from './completion-data.ts';
import { CompletionList } from './completion-list.tsx';

interface CompletionsProps {
  readonly id: string;
  readonly text: Signal<string>;
  /** Completions are counted among the events that match it. */
  readonly among: EventFilter;
  /** Set to what is shown, for the keys of the text field. */
  readonly completions: Signal<readonly Completion[]>;
  readonly active: Signal<number>;
  readonly onChoose: (chosen: Completion) => void;
}

/** The completions of a text. Loaded when the text field is used for the first time. */
export function Completions({ id, text, among, completions, active, onChoose }: CompletionsProps) {
  const known = useKnown(wantedFor(text.value), among);
  const found = completionsOf(text.value, known);
  const texts = found.map((each) => each.text).join('\n');
  useLayoutEffect(() => {
    // The choice stays the same one when counts arrive that change the order.
    const chosen = completions.peek()[active.peek()]?.text;
    active.value = found.findIndex((each) => each.text === chosen);
    completions.value = found;
  }, [texts]);
  return found.length === 0 ? null : <CompletionList id={id} completions={found} active={active.value} onChoose={onChoose} />;
}
