import { signal } from '@preact/signals';

/** What was copied last, in words; a status region shows it. `text`: it could not be copied and is shown instead. */
export const copied = signal<{ readonly what: string; readonly text: string | null } | null>(null);

/** Copies a text. `what` names it, for the message. Pages served over plain HTTP have no clipboard API. */
export async function copy(text: string, what: string): Promise<void> {
  const isCopied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  copied.value = { what, text: isCopied || copyBySelection(text) ? null : text };
}

function copyBySelection(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'hidden-text';
  document.body.append(area);
  area.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    area.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}
