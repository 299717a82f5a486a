import { signal, type Signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { useShortcut } from './shortcut.ts';

/**
 * A component that is loaded when it is rendered for the first time. `load` returns it from its
 * module. `keys` are its shortcuts: those that are pressed while it loads are pressed again then.
 * What has `onClose` is a dialog, which Escape closes already while it loads.
 */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>, keys = ''): (props: P) => preact.JSX.Element | null {
  let loaded: Signal<ComponentType<P> | null | 'failed'> | null = null;
  const pressed: string[] = [];
  const start = (): Signal<ComponentType<P> | null | 'failed'> => {
    const state = signal<ComponentType<P> | null | 'failed'>(null);
    load().then(
      (component) => (state.value = component),
      () => (state.value = 'failed'),
    );
    return state;
  };
  return function Lazy(props) {
    loaded ??= start();
    const Component = loaded.value;
    const isLoading = Component === null;
    useShortcut(isLoading ? keys : '', ({ key }) => void pressed.push(key));
    const { onClose } = props as { readonly onClose?: () => void };
    useLayoutEffect(() => (isLoading && onClose !== undefined ? onEscape(onClose) : undefined));
    useLayoutEffect(() => {
      if (!isLoading) pressed.splice(0).forEach(pressAgain);
    }, [isLoading]);
    if (Component === null) return null;
    if (Component !== 'failed') return <Component {...props} />;
    return (
      <p class="problem" role="alert">
        A part of this page could not be loaded.{' '}
        <button type="button" class="button" onClick={() => location.reload()}>
          Reload
        </button>
      </p>
    );
  };
}

function pressAgain(key: string): void {
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
}

/** Comes before all others. Returns the function that ends this. */
function onEscape(close: () => void): () => void {
  const press = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
  addEventListener('keydown', press, { capture: true });
  return () => removeEventListener('keydown', press, { capture: true });
}
