import { effect, signal, type Signal } from '@preact/signals';
import { readStored, store } from '../view/storage.ts';

/** A setting of this browser, kept on this device. Another tab keeps its own value until it is reloaded. */
export function setting<T>(name: string, fallback: T): Signal<T> {
  const stored = readStored('local', name);
  const value = signal<T>(stored === null ? fallback : parsed(stored, fallback));
  effect(() => store('local', name, JSON.stringify(value.value)));
  return value;
}

function parsed<T>(text: string, fallback: T): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return fallback;
  }
}

export const theme = setting<'system' | 'light' | 'dark'>('theme', 'system');
export const areFacetsShown = setting('facets', true);
export const isHistogramShown = setting('histogram', true);
export const detailWidth = setting('detail-width', 480);
