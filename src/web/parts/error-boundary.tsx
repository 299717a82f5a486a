import { Component, type ComponentChildren } from 'preact';
import { copy } from './copy.ts';

interface Props {
  /** The name of the panel, in words. */
  readonly name: string;
  readonly children: ComponentChildren;
}

/** Limits an error of a panel to the panel: the rest of the page goes on. */
export class ErrorBoundary extends Component<Props, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: null };

  static override getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error };
  }

  override render({ name, children }: Props, { error }: { readonly error: unknown }) {
    if (error === null) return children;
    const message = error instanceof Error ? error.message : JSON.stringify(error);
    const details = error instanceof Error ? (error.stack ?? message) : message;
    const report = `${name}: ${details}\n${location.href}\n${navigator.userAgent}`;
    return (
      <section class="problem" role="alert" aria-label={name}>
        <p>An error in the page stopped this panel: {message}</p>
        <p class="buttons">
          <button type="button" class="button" onClick={() => this.setState({ error: null })}>
            Try again
          </button>
          <button type="button" class="button quiet" onClick={() => void copy(report, 'Details of the error')}>
            Copy details
          </button>
        </p>
      </section>
    );
  }
}
