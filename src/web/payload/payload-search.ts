import { entriesOf, isContainer, sizeOf, type Container } from './json-value.ts';

/** The keys that lead to a value. */
export type Keys = readonly string[];

/**
 * Finds the values whose key or text contains a text, in the order of the payload; case is ignored.
 * Yields null after every `stepsPerPause` values, so that the caller can pause.
 */
export function* findInPayload(payload: Container, text: string): Generator<Keys | null, void> {
  const wanted = text.toLowerCase();
  if (wanted === '') return;
  const open: { readonly value: Container; next: number }[] = [{ value: payload, next: 0 }];
  const keys: string[] = [];
  for (let steps = 1; ; steps += 1) {
    const last = open.at(-1);
    if (last === undefined) return;
    if (steps % stepsPerPause === 0) yield null;
    if (last.next === sizeOf(last.value)) {
      open.pop();
      keys.pop();
      continue;
    }
    const entry = entriesOf(last.value, last.next, last.next + 1)[0];
    last.next += 1;
    if (entry === undefined) continue;
    const [key, value] = entry;
    const isNamed = !Array.isArray(last.value) && key.toLowerCase().includes(wanted);
    if (isNamed || (!isContainer(value) && String(value).toLowerCase().includes(wanted))) yield [...keys, key];
    if (!isContainer(value)) continue;
    open.push({ value, next: 0 });
    keys.push(key);
  }
}

const stepsPerPause = 2000;
