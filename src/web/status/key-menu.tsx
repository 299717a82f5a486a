import { service } from '../data/server-info.ts';
import { setKey } from '../data/session.ts';
import { KeyIcon } from '../parts/icons.tsx';
import { Popover } from '../parts/popover.tsx';
import { printable } from '../text/printable.ts';

/** Which key the page uses, and what it sees. Shown while the page has one. */
export function KeyMenu() {
  const me = service.value?.me ?? null;
  const name = me === null ? 'Key' : printable(me.name);
  return (
    <Popover
      label={`Key: ${name}`}
      button={
        <>
          <KeyIcon /> <span class="cut">{name}</span>
        </>
      }
    >
      <div class="key-menu">
        {me === null ? (
          <p>The server requires no key. It ignores the one that this page sends.</p>
        ) : (
          <dl class="facts">
            <dt>Key</dt>
            <dd>{name}</dd>
            <dt>Permissions</dt>
            <dd>{me.permissions.join(', ')}</dd>
            <dt>Sees</dt>
            <dd>{printable(me.visibleEvents)}</dd>
            {me.expires !== null && (
              <>
                <dt>Expires</dt>
                <dd>{me.expires}</dd>
              </>
            )}
          </dl>
        )}
        <button type="button" class="button" onClick={() => setKey(null)}>
          Remove the key from this page
        </button>
      </div>
    </Popover>
  );
}
