import { service } from '../data/server-info.ts';
import { ModalDialog } from '../parts/modal-dialog.tsx';
import { areShortcutsOn } from '../parts/shortcut.ts';
import './help.css';

const groups: readonly { readonly title: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    title: 'List',
    keys: [
      ['↓ ↑ or j k', 'next, previous event'],
      ['Enter or o', 'open the event'],
      ['Esc', 'close it'],
      ['. or Home', 'show new events, then the newest one'],
      ['End', 'the oldest event that is loaded'],
      ['Space', 'pause, resume'],
      ['Shift+C', 'hide older events'],
    ],
  },
  {
    title: 'Event',
    keys: [
      ['c', 'its chain'],
      ['x', 'the events around it'],
      ['r', 'its resource'],
      ['+ −', 'on a value: only, not'],
      ['y', 'copy as JSON'],
      ['l', 'copy a link'],
      ['/', 'in the panel: search the payload'],
    ],
  },
  {
    title: 'Filter and time',
    keys: [
      ['/', 'filter'],
      ['t', 'time range'],
      ['[ ]', 'earlier, later'],
      ['z', 'zoom out'],
      ['s', 'saved views'],
      ['h', 'histogram; in it ← → to a bar, Shift extends, Enter zooms'],
      ['\\', 'values with counts'],
    ],
  },
  {
    title: 'Page',
    keys: [
      ['d', 'light, dark'],
      ['?', 'this help'],
    ],
  },
];

const addresses: readonly (readonly [string, string])[] = [
  ['/graphql', 'GraphQL over HTTP, SSE and WebSocket; GraphiQL in a browser'],
  ['/api/events', 'event documents and the routes of Prefect'],
  ['/cloudevents', 'CloudEvents 1.0'],
  ['/metrics', 'metrics in the format of Prometheus'],
  ['/livez', '200 while the process runs'],
  ['/readyz', '200 while the server can store and read'],
];

/** The keys of the page, and the addresses of the server. `onClose` is called when it was closed. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <ModalDialog title="Keyboard" class="help" onClose={onClose}>
      <div class="help-content">
        <div class="help-groups">
          {groups.map(({ title, keys }) => (
            <section key={title}>
              <h3 class="section-title">{title}</h3>
              <dl>
                {keys.map(([key, meaning]) => (
                  <div key={key}>
                    <dt>
                      <kbd>{key}</kbd>
                    </dt>
                    <dd>{meaning}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={areShortcutsOn.value}
            onChange={(event) => (areShortcutsOn.value = event.currentTarget.checked)}
          />
          Single letters and signs are shortcuts
        </label>
        <h2>Addresses</h2>
        <dl class="addresses">
          {addresses.map(([path, meaning]) => (
            <div key={path}>
              <dt class="mono">{path === '/cloudevents' || path === '/api/events' ? path : <a href={path}>{path}</a>}</dt>
              <dd class="muted">{meaning}</dd>
            </div>
          ))}
        </dl>
        <p class="faint">
          Tidings {service.value?.version}, <a href="/licenses.md">licenses of the page</a>
        </p>
      </div>
    </ModalDialog>
  );
}
