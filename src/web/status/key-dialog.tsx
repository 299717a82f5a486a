import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { key, setKey } from '../data/session.ts';
import './status.css';

/** Asks for a key. Shown while the server rejects the requests of this page. */
export function KeyDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState('');
  const [isRemembered, setRemembered] = useState(false);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="key-dialog" aria-labelledby="key-title" onCancel={(event) => event.preventDefault()}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() === '') return;
          setKey(typed.trim(), { isRemembered });
          setTyped('');
        }}
      >
        <h2 id="key-title">{key.value === null ? 'This server requires a key' : 'The key is not accepted'}</h2>
        <p class="muted">
          {key.value === null
            ? 'Enter an API key with the permission READ.'
            : 'It is unknown, expired or revoked. What it showed was removed from this page.'}
        </p>
        <label class="labelled">
          <span class="section-title">API key</span>
          <input
            class="field mono"
            type="password"
            autocomplete="off"
            spellcheck={false}
            autofocus
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <label class="check">
          <input type="checkbox" checked={isRemembered} onChange={(event) => setRemembered(event.currentTarget.checked)} />
          Remember it on this device
        </label>
        <p class="faint">
          It is kept for this tab otherwise, and never part of an address. To create one: <code>npm run tidings -- keys create NAME</code>
        </p>
        <div class="dialog-actions">
          <button type="submit" class="button primary">
            Use this key
          </button>
        </div>
      </form>
    </dialog>
  );
}
