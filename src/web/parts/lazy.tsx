import { signal, type Signal } from '@preact/signals';
import type { ComponentType } from 'preact';

/** A component that is loaded when it is rendered for the first time. `load` returns it from its module. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): (props: P) => preact.JSX.Element | null {
  let loaded: Signal<ComponentType<P> | null | 'failed'> | null = null;
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
